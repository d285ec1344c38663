; Top level, class and instance members only: what `where` and `let` bind stays in its function.
; Equations of one name are merged, and joined with the signature above them, in code.
(data_type name: (_) @name) @class
(data_type . "data" . (infix operator: (_) @name)) @class
(newtype name: (_) @name) @class
(newtype . "newtype" . (_ (infix operator: (_) @name))) @class
(class name: (_) @name declarations: (_)? @body) @trait
(class . "class" . (infix operator: (_) @name) declarations: (_)? @body) @trait
(instance name: (_) @name declarations: (_)? @body) @impl
(type_synonym name: (_) @name) @type
(type_synonym . "type" . (infix operator: (_) @name)) @type
(type_family name: (_) @name) @type
(data_family name: (_) @name) @type

(declarations (function name: (_) @name match: (_) @body) @function)
(declarations (function (infix operator: (_) @name) match: (_) @body) @function)
(declarations (function parens: (function_head_parens (infix operator: (_) @name)) match: (_) @body) @function)
(declarations (bind name: (_) @name match: (_) @body) @function)
(declarations (bind pattern: (strict pattern: (variable) @name) match: (_) @body) @function)
(class_declarations (function name: (_) @name match: (_) @body) @function)
(class_declarations (function (infix operator: (_) @name) match: (_) @body) @function)
(class_declarations (bind name: (_) @name match: (_) @body) @function)
(instance_declarations (function name: (_) @name match: (_) @body) @function)
(instance_declarations (function (infix operator: (_) @name) match: (_) @body) @function)
(instance_declarations (function parens: (function_head_parens (infix operator: (_) @name)) match: (_) @body) @function)
(instance_declarations (bind name: (_) @name match: (_) @body) @function)
(foreign_import signature: (signature name: (_) @name)) @function
(pattern_synonym (equation synonym: [
  (constructor) @name
  (apply function: (constructor) @name)
  (apply function: (apply function: (constructor) @name))
  (record constructor: (constructor) @name)
  (infix operator: (_) @name)])) @function

(pattern_synonym (signature synonym: (constructor) @name)) @prototype
(declarations (signature name: (_) @name) @prototype)
(declarations (signature names: (binding_list (_) @name)) @prototype)
(class_declarations (signature name: (_) @name) @prototype)
(class_declarations (signature names: (binding_list (_) @name)) @prototype)

