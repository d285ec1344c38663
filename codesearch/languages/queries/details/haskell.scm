(data_constructor (_ name: (constructor) @name) @member)
(data_constructor (infix operator: (constructor_operator) @name) @member)
(gadt_constructor name: (constructor) @name) @member
(gadt_constructor names: (binding_list name: (constructor) @name)) @member
(field name: (field_name (variable) @name)) @field
