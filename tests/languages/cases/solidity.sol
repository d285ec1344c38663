pragma solidity ^0.8;
/// @title A vault.
abstract contract Vault is Base {
  uint256 public constant MAX = 3;
  event Opened(uint a);
  struct Entry { uint a; }
  modifier only() { _; }
  /// @notice Opens it.
  function open(uint a) public view returns (uint) { return a; }
  function shut() external virtual;
  constructor() { }
}
interface Door { function knock() external; }
library Sum { function add(uint a) internal {} }
function free() pure {}
