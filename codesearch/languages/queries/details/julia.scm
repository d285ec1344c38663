(const_statement (assignment . (identifier) @name)) @constant
