interface ISink
{
    Task EmitAsync(int batch);

    // Nothing by default.
    Task OnEmptyAsync(int batch)
#if DEFAULT_INTERFACE
        => Task.CompletedTask
#endif
    ;
}
