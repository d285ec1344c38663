; #[test], #[tokio::test], #[rstest]: a test; other attributes may stand below it
((attribute_item (attribute [(identifier) @_t (scoped_identifier name: (identifier) @_t)]))
 . [(attribute_item) (line_comment) (block_comment)]*
 . (function_item name: (identifier) @name) @test
 (#any-of? @_t "test" "rstest" "test_case" "case" "bench" "proptest" "quickcheck" "wasm_bindgen_test" "ktest"))
(function_item name: (identifier) @name) @function
(function_signature_item name: (identifier) @name) @signature
(struct_item name: (type_identifier) @name) @struct
(enum_item name: (type_identifier) @name) @enum
(union_item name: (type_identifier) @name) @struct
(trait_item name: (type_identifier) @name) @trait
(impl_item type: (_) @name) @impl
(mod_item name: (identifier) @name body: (_)) @namespace
(macro_definition name: (identifier) @name) @macro
(type_item name: (type_identifier) @name) @type
(associated_type name: (type_identifier) @name) @type
(let_declaration pattern: (identifier) @name value: (closure_expression body: (_) @body)) @function

((attribute_item (attribute (identifier) @_a value: [
  (string_literal (string_content) @doc) (raw_string_literal (string_content) @doc)])) @attribute
  (#eq? @_a "doc"))
(attribute_item) @attribute

; item macros: cfg_rt! { pub fn .. }; their content is parsed again by the hook
(source_file (macro_invocation (token_tree) @reparse))
(source_file (expression_statement (macro_invocation (token_tree) @reparse)))
(declaration_list (macro_invocation (token_tree) @reparse))
