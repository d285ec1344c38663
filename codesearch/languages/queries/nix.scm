(binding attrpath: (attrpath) @name expression: (function_expression body: (_) @body)) @function
(binding attrpath: (attrpath) @name expression: (parenthesized_expression expression: (function_expression body: (_) @body))) @function
(binding attrpath: (attrpath) @name expression: (attrset_expression)) @namespace
(binding attrpath: (attrpath) @name expression: (rec_attrset_expression)) @namespace
