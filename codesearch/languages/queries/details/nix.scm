((binding attrpath: (attrpath) @name expression: (apply_expression function: (_) @_called)) @field
 (#any-of? @_called
  "mkOption" "lib.mkOption" "mkEnableOption" "lib.mkEnableOption" "mkPackageOption" "lib.mkPackageOption"))
((binding
  attrpath: (attrpath) @name
  expression: (apply_expression function: (apply_expression function: (apply_expression function: (_) @_called)))) @field
 (#any-of? @_called "mkPackageOption" "lib.mkPackageOption"))
(let_expression (binding_set (binding attrpath: (attrpath) @name) @constant))
