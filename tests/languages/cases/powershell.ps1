# Gets a thing.
function Get-Thing {
    param([string]$Name)
    $Name
}
function script:Set-Thing($Name) {
    <#
    .SYNOPSIS
    Sets a thing.
    .PARAMETER Name
    Its name.
    #>
    $Name
}
# Holds things.
class Box : Base {
    # How many.
    [int] $Size
    [string] Open([int] $a) { return "x" }
}
enum Color { Red
  Green }
Describe "a box" {
    It "opens" { 1 | Should -Be 1 }
}
$script:Limit = 5
