(constant_variable_declaration name: (identifier) @name) @constant
(state_variable_declaration "constant" name: (identifier) @name) @constant
(state_variable_declaration name: (identifier) @name) @field
(enum_value) @name @member
