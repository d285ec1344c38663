((unary_operator operand: (call target: (identifier) @name (arguments (_)))) @constant
  (#not-match? @name "^(doc|moduledoc|typedoc|spec|impl|type|typep|opaque|callback|macrocallback|behaviour|deprecated|derive|since|before_compile|after_compile|on_definition|external_resource|compile|dialyzer|optional_callbacks|enforce_keys|tag|moduletag|describetag|shortdoc|requirements|recursive|protocol|for|inline|on_load|after_verify|shared)$"))
; What a schema holds: field :name, :string and belongs_to :user, User of Ecto; field of Absinthe
((call target: (identifier) @_called (arguments . (atom) @name)) @field
  (#any-of? @_called "field" "belongs_to" "has_many" "has_one" "many_to_many" "embeds_one" "embeds_many"))
