defmodule MyApp.Cache do
  @moduledoc """
  A cache.
  """
  use GenServer
  alias MyApp.{Foo, Bar}

  @typedoc "Key"
  @type key :: atom()
  @type opt(a) :: {:x, a}
  @callback fetch(key()) :: any

  defstruct [:a, b: 1]

  @doc """
  Finds.
  """
  @doc since: "1.0"
  @spec find(t, key) :: any
  def find(cache, key, opts \\ [])
  def find(%{a: a}, key, _) when is_atom(key) do
    a
  end

  def find(_, nil, _), do: nil
  def find(_, b), do: b

  @doc false
  @impl true
  def init(_), do: {:ok, 1}

  defp helper, do: 1
  defmacro wrap(do: block), do: block
  defguard is_even(x) when rem(x, 2) == 0
  defdelegate size(c), to: Map
  def a <~> b, do: a
  def unquote(name)(x), do: x
  defexception [:message]
  # Comment
  defmodule Inner do
    def x, do: 1
  end
end

defprotocol Size do
  @doc "The size"
  def size(data)
end
defimpl Size, for: Map do
  def size(m), do: map_size(m)
end
defimpl Size, for: [A, B] do
  def size(m), do: 1
end
defmodule T do
  use ExUnit.Case
  describe "find/2" do
    setup do
      :ok
    end
    test "works", %{x: x} do
      assert 1
    end
    test "pending"
  end
  property "p" do
    1
  end
end
