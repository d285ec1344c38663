; What C, C++ and Objective-C share: typedef int number, *pointer, array[3], (*callback)(int);

(type_definition declarator: [
  (type_identifier) @name
  (_ declarator: (type_identifier) @name)
  (_ declarator: (_ declarator: (type_identifier) @name))
  (_ declarator: (parenthesized_declarator (_ declarator: (type_identifier) @name)))
  (_ declarator: (_ declarator: (parenthesized_declarator (_ declarator: (type_identifier) @name))))]) @type
