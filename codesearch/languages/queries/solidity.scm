(contract_declaration name: (identifier) @name) @class
(library_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(struct_declaration name: (identifier) @name) @struct
(enum_declaration name: (identifier) @name) @enum
(function_definition name: (identifier) @name body: (_)) @function
(function_definition name: (identifier) @name) @signature
(modifier_definition name: (identifier) @name) @function
(constructor_definition "constructor" @name) @function
(fallback_receive_definition ["receive" "fallback"] @name) @function
(event_definition name: (identifier) @name) @type
(error_declaration name: (identifier) @name) @type
(user_defined_type_definition name: (identifier) @name) @type
