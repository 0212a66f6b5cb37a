import type { Attribute, AttributeChanges, AttributeSnapshot } from "./gen.js";

/** One key that is different now: its attribute, or undefined where it is gone. */
export interface AttributeDelta {
  key: string;
  attribute: Attribute | undefined;
}

/** What became of a run of changes: applied, known already, or not continuing the map. */
export type Applied = AttributeDelta[] | "known" | "gap";

/**
 * A copy of a room's attributes. Changes are applied only where they continue the
 * map exactly, or begin it; everything else needs a pull.
 */
export class AttributeReplica {
  #attributes = new Map<string, Attribute>();
  #timestamp = 0n;
  #epoch: string | undefined;

  /** The room timestamp that the map stands at. */
  get timestamp(): bigint {
    return this.#timestamp;
  }

  /** The life of the log that the timestamp belongs to; undefined: nothing is here yet. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The map. */
  get attributes(): ReadonlyMap<string, Attribute> {
    return this.#attributes;
  }

  /** Forgets the place, so that the next pull brings everything; the map stays until then. */
  forget(): void {
    this.#timestamp = 0n;
    this.#epoch = undefined;
  }

  /** Whether the room's attributes have got further than the map. */
  isBehind(timestamp: bigint, epoch: string): boolean {
    return this.#epoch !== epoch || timestamp > this.#timestamp;
  }

  /** Applies a run of changes of the given epoch. One from the very beginning is a whole map to who has none. */
  apply(changes: AttributeChanges, epoch: string): Applied {
    if (this.#epoch === undefined && changes.after === 0n) return this.#begin(changes, epoch);
    if (this.#epoch !== epoch) return "gap";
    if (changes.timestamp <= this.#timestamp) return "known";
    if (changes.after !== this.#timestamp) return "gap";
    const touched = play(changes, this.#attributes);
    this.#timestamp = changes.timestamp;
    return [...touched].map((key) => ({ key, attribute: this.#attributes.get(key) }));
  }

  /** Replaces the map and says what that changed. An older snapshot of the same epoch changes nothing. */
  replace(snapshot: AttributeSnapshot): AttributeDelta[] {
    if (snapshot.epoch === this.#epoch && snapshot.timestamp < this.#timestamp) return [];
    const attributes = new Map(snapshot.attributes.map((a) => [a.key, a]));
    return this.#become(attributes, snapshot.timestamp, snapshot.epoch);
  }

  #begin(changes: AttributeChanges, epoch: string): AttributeDelta[] {
    const attributes = new Map<string, Attribute>();
    play(changes, attributes);
    return this.#become(attributes, changes.timestamp, epoch);
  }

  #become(attributes: Map<string, Attribute>, timestamp: bigint, epoch: string): AttributeDelta[] {
    const before = this.#attributes;
    // Timestamps say what is new only within one epoch.
    const comparable = epoch === this.#epoch ? before : new Map<string, Attribute>();
    this.#attributes = attributes;
    this.#timestamp = timestamp;
    this.#epoch = epoch;
    return [...gone(before, attributes), ...changed(comparable, attributes)];
  }
}

/** Makes a run of changes on a map, and returns the keys that it touched. */
function play({ changes }: AttributeChanges, attributes: Map<string, Attribute>): Set<string> {
  const touched = new Set<string>();
  for (const { attribute, deleted } of changes) {
    if (!attribute) continue;
    if (deleted) attributes.delete(attribute.key);
    else attributes.set(attribute.key, attribute);
    touched.add(attribute.key);
  }
  return touched;
}

function gone(before: Map<string, Attribute>, after: Map<string, Attribute>): AttributeDelta[] {
  return [...before.keys()].filter((key) => !after.has(key)).map((key) => ({ key, attribute: undefined }));
}

function changed(before: Map<string, Attribute>, after: Map<string, Attribute>): AttributeDelta[] {
  return [...after.values()]
    .filter((attribute) => before.get(attribute.key)?.timestamp !== attribute.timestamp)
    .map((attribute) => ({ key: attribute.key, attribute }));
}
