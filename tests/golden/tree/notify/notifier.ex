defmodule Larder.Notifier do
  @moduledoc "Publishes changes of orders to the processes that watch them."

  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, %{}, opts)

  @doc "Subscribe the calling process to the changes of an order."
  def subscribe(server, order), do: GenServer.call(server, {:subscribe, order})

  @doc "Send a change to all watchers of an order; dead watchers are removed."
  def broadcast(server, order, change), do: GenServer.cast(server, {:broadcast, order, change})

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:subscribe, order}, {pid, _tag}, watchers) do
    Process.monitor(pid)
    {:reply, :ok, Map.update(watchers, order, [pid], &[pid | &1])}
  end

  @impl true
  def handle_cast({:broadcast, order, change}, watchers) do
    for pid <- Map.get(watchers, order, []), do: send(pid, {:order_changed, order, change})
    {:noreply, watchers}
  end

  @impl true
  def handle_info({:DOWN, _ref, :process, pid, _reason}, watchers) do
    {:noreply, Map.new(watchers, fn {order, pids} -> {order, List.delete(pids, pid)} end)}
  end
end
