(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(assignment left: [(identifier) (attribute)] @name right: (lambda body: (_) @body)) @function
(type_alias_statement left: (type [(identifier) @name (generic_type . (identifier) @name)])) @type

(decorated_definition definition: (_) @inner) @wrap

(module . (comment)* . (expression_statement . (string) @doc)) @documented
(_ body: (block . (expression_statement . (string) @doc))) @documented
