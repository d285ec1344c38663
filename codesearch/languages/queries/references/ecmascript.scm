(call_expression function: (identifier) @call)
(call_expression function: (member_expression object: (_) @receiver property: [(property_identifier) (private_property_identifier)] @call))
(new_expression constructor: (identifier) @new)
(new_expression constructor: (member_expression object: (_) @receiver property: (property_identifier) @new))

(import_statement (import_clause (identifier) @alias) source: (string (string_fragment) @module)) @default
(import_statement (import_clause (named_imports (import_specifier name: (identifier) @import !alias))) source: (string (string_fragment) @module))
(import_statement (import_clause (named_imports (import_specifier name: (identifier) @import alias: (identifier) @alias))) source: (string (string_fragment) @module))
(import_statement (import_clause (namespace_import (identifier) @alias)) source: (string (string_fragment) @module))
(export_statement (export_clause (export_specifier name: (identifier) @import)) source: (string (string_fragment) @module))
(export_statement source: (string (string_fragment) @module))
(variable_declarator name: (identifier) @alias
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string (string_fragment) @module)))
  (#eq? @_require "require"))
(variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @import)
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string (string_fragment) @module)))
  (#eq? @_require "require"))

; What names stand for.
(assignment_expression left: (member_expression object: (this) property: [(property_identifier) (private_property_identifier)] @field) right: [(call_expression) (new_expression) (await_expression) (identifier)] @value)

