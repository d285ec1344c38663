(call function: (identifier) @call)
(call function: (attribute object: (_) @receiver attribute: (identifier) @call))

(class_definition superclasses: (argument_list [
  (identifier) @base
  (attribute object: (_) @receiver attribute: (identifier) @base)
  (subscript value: (identifier) @base)
  (subscript value: (attribute object: (_) @receiver attribute: (identifier) @base))]))

(import_statement name: (dotted_name) @module)
(import_statement name: (aliased_import name: (dotted_name) @module alias: (identifier) @alias))
(import_from_statement module_name: (_) @module name: (dotted_name) @import)
(import_from_statement module_name: (_) @module
  name: (aliased_import name: (dotted_name) @import alias: (identifier) @alias))
(import_from_statement module_name: (_) @module (wildcard_import) @import)

(decorator (identifier) @decorator)
(decorator (attribute object: (_) @receiver attribute: (identifier) @decorator))
(decorator (call function: (identifier) @decorator))
(decorator (call function: (attribute object: (_) @receiver attribute: (identifier) @decorator)))

; What names stand for.
(typed_parameter . (identifier) @variable type: (type) @of)
(typed_default_parameter name: (identifier) @variable type: (type) @of)
(assignment left: (identifier) @variable right: [(call) (await (call))] @value)
(assignment left: (identifier) @variable type: (type) @of)
(assignment left: (attribute object: (identifier) @self attribute: (identifier) @field) !type right: [(call) (await (call)) (identifier)] @value)
(assignment left: (attribute object: (identifier) @self attribute: (identifier) @field) type: (type) @of)
(class_definition body: (block (expression_statement (assignment left: (identifier) @field type: (type) @of))))
(named_expression name: (identifier) @variable value: (call) @value)
(as_pattern (call) @value alias: (as_pattern_target (identifier) @variable))

