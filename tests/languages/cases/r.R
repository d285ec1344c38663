#' Adds two numbers.
#' @export
add <- function(x,
                y) {
  helper(FUN = function(i) i)
  x + y
}
`%+%` <- function(a, b) paste0(a, b)
square = \(x) x^2
limit <- 5
Box <- R6Class("Box",
  public = list(
    # Opens it.
    open = function() {
      TRUE
    }
  )
)
setGeneric("area", function(shape) standardGeneric("area"))
test_that("it adds", {
  expect_equal(add(1, 2), 3)
})
# not <- function() { }
text <- "
no <- function() 1
"
