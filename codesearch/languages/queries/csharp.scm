; Namespaces do not qualify names: they come in two forms (with a body and for the file), and a file's path says them.
; [Fact] of xUnit, [Test] of NUnit, [TestMethod] of MSTest: a test
((method_declaration
  (attribute_list (attribute name: [(identifier) @_t (qualified_name name: (identifier) @_t)]))
  name: (identifier) @name) @test
 (#any-of? @_t
  "Fact" "Theory" "SkippableFact" "SkippableTheory" "ConditionalFact" "ConditionalTheory" "WpfFact" "StaFact" "UIFact"
  "Test" "TestCase" "TestCaseSource" "UnityTest" "TestMethod" "DataTestMethod" "STATestMethod"))
(method_declaration name: (identifier) @name) @method
(constructor_declaration name: (identifier) @name) @method
(destructor_declaration name: (identifier) @name) @method
(operator_declaration operator: _ @name) @method
(conversion_operator_declaration type: (_) @name) @method
(indexer_declaration "this" @name accessors: (_) @body) @method
(indexer_declaration "this" @name value: (_) @body) @method
(local_function_statement name: (identifier) @name) @function
(property_declaration name: (identifier) @name accessors: (accessor_list (accessor_declaration body: (_))) @body) @method
(property_declaration name: (identifier) @name value: (arrow_expression_clause) @body) @method
(event_declaration name: (identifier) @name accessors: (accessor_list) @body) @method
(class_declaration name: (identifier) @name) @class
(struct_declaration name: (identifier) @name) @struct
(record_declaration "struct" name: (identifier) @name) @struct
(record_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(delegate_declaration name: (identifier) @name) @type
(constructor_declaration) @constructor
(variable_declarator
  name: (identifier) @name
  [(lambda_expression body: (_) @body) (anonymous_method_expression (block) @body)]) @function

(field_declaration (variable_declaration type: (_) . (variable_declarator) @inner .)) @wrap
