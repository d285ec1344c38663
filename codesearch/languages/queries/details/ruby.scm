(assignment left: (constant) @name) @constant
((call method: (identifier) @_f arguments: (argument_list [(simple_symbol) @name])) @field
  (#any-of? @_f "attr_accessor" "attr_reader" "attr_writer" "cattr_accessor" "mattr_accessor" "class_attribute"
    "has_many" "has_one" "belongs_to"))
