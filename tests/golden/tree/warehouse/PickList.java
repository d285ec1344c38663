package larder.warehouse;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The products that one person collects in one walk through the warehouse. */
public final class PickList {
    private static final int MOST_KILOGRAMS = 20;

    private final List<Item> items = new ArrayList<>();

    /** A product, how many, and where it lies. */
    public record Item(String sku, int count, Shelf shelf, double kilograms) {}

    /** Adds an item unless the trolley would become too heavy. */
    public boolean add(Item item) {
        if (weight() + item.kilograms() > MOST_KILOGRAMS) {
            return false;
        }
        return items.add(item);
    }

    /** The weight of everything on the list. */
    public double weight() {
        return items.stream().mapToDouble(Item::kilograms).sum();
    }

    /** The items in walking order: along one aisle and back along the next, so that no aisle is walked twice. */
    public List<Item> route() {
        List<Item> sorted = new ArrayList<>(items);
        sorted.sort(Comparator.comparingInt((Item item) -> item.shelf().aisle())
            .thenComparingInt(item -> item.shelf().aisle() % 2 == 0 ? item.shelf().bay() : -item.shelf().bay()));
        return sorted;
    }
}
