using System;
using System.Collections.Generic;
using System.Linq;

namespace Larder.Billing
{
    /// <summary>One position of an invoice.</summary>
    public record Position(string Text, int Count, decimal NetPrice, decimal VatRate);

    /// <summary>A bill for one order.</summary>
    public class Invoice
    {
        private readonly List<Position> positions = new();

        public Invoice(int number, DateOnly date)
        {
            Number = number;
            Date = date;
        }

        public int Number { get; }

        public DateOnly Date { get; }

        /// <summary>The day after which a reminder is sent: two weeks, and never on a weekend.</summary>
        public DateOnly DueDate()
        {
            var due = Date.AddDays(14);
            while (due.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
            {
                due = due.AddDays(1);
            }
            return due;
        }

        public void Add(Position position)
        {
            if (position.Count <= 0)
            {
                throw new ArgumentException($"position '{position.Text}' has a count of {position.Count}: at least 1 is needed");
            }
            positions.Add(position);
        }

        /// <summary>The tax in the invoice, summed for each rate as the law wants it.</summary>
        public IReadOnlyDictionary<decimal, decimal> VatByRate() =>
            positions.GroupBy(position => position.VatRate)
                .ToDictionary(group => group.Key, group => Math.Round(group.Sum(p => p.NetPrice * p.Count) * group.Key, 2));

        /// <summary>What the customer has to pay.</summary>
        public decimal GrossTotal() => positions.Sum(p => p.NetPrice * p.Count) + VatByRate().Values.Sum();
    }
}
