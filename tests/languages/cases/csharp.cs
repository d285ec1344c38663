// Licensed to the .NET Foundation under one or more agreements.
using System;

namespace Shop.Cart;

/// <summary>An item.</summary>
[Serializable]
public sealed class Item<T> : IItem
{
    private readonly Func<int, int> twice = x => x * 2;

    public Item(int count) { }

    ~Item() { }

    public int Count { get; set; }

    /// <summary>The total.</summary>
    public decimal Total => Price * Count;

    public string Name
    {
        get { return name; }
        set { name = value; }
    }

    public T this[int index] { get => default; }

    [Obsolete("use it")]
    public async Task<int> SaveAsync<TKey>(
        TKey key, int retries = 3)
    {
        int Retry(int n) { return n; }
        return 1;
    }

    public static bool operator ==(Item<T> a, Item<T> b) => true;
    public static implicit operator int(Item<T> a) => 1;

    public event EventHandler Changed { add { } remove { } }
}

public record Point(int X, int Y);
public struct Size { }
public enum Color { Red }
public delegate void Handler(object sender);
public interface IItem { void Save(); }
