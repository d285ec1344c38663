(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(assignment left: [(identifier) (attribute)] @name right: (lambda body: (_) @body)) @function

(decorated_definition definition: (_) @inner) @wrap

(module . (expression_statement . (string) @doc)) @documented
(_ body: (block . (expression_statement . (string) @doc))) @documented
