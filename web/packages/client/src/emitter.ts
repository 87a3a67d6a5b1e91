type Listener<T> = (value: T) => void;

/** Typed listeners. One that throws does not keep the others from hearing. */
export class Emitter<Kinds extends object> {
  private readonly listeners = new Map<PropertyKey, Set<Listener<never>>>();

  on<Kind extends keyof Kinds>(kind: Kind, listener: Listener<Kinds[Kind]>): () => void {
    const all = this.listeners.get(kind) ?? new Set();
    this.listeners.set(kind, all);
    // Its own function for every call, so that the same listener may be there twice.
    const own: Listener<Kinds[Kind]> = (value) => listener(value);
    all.add(own);
    return () => void all.delete(own);
  }

  emit<Kind extends keyof Kinds>(kind: Kind, value: Kinds[Kind]): void {
    for (const listener of [...(this.listeners.get(kind) ?? [])]) {
      try {
        (listener as Listener<Kinds[Kind]>)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
