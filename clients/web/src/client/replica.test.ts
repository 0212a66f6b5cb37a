import { describe, expect, it } from "vitest";
import { AttributeReplica } from "./replica.js";
import { attribute, changes, snapshot } from "./testing/make.js";

function replicaAt(timestamp: number): AttributeReplica {
  const replica = new AttributeReplica();
  replica.replace(snapshot(timestamp, [attribute("seat", "empty", timestamp)]));
  return replica;
}

function text(replica: AttributeReplica, key: string): string | undefined {
  const value = replica.attributes.get(key)?.value;
  return value && new TextDecoder().decode(value);
}

describe("AttributeReplica", () => {
  it("applies changes that continue it", () => {
    const replica = replicaAt(10);
    const deltas = replica.apply(
      changes(10, 20, [attribute("seat", "ada", 20), attribute("mode", "pk", 20)]),
      "e1",
    );
    expect(deltas).toHaveLength(2);
    expect(text(replica, "seat")).toBe("ada");
    expect(replica.timestamp).toBe(20n);
  });

  it("deletes", () => {
    const replica = replicaAt(10);
    expect(replica.apply(changes(10, 20, ["seat"]), "e1")).toEqual([{ key: "seat", attribute: undefined }]);
    expect(replica.attributes.size).toBe(0);
  });

  it("reports a key that changed twice once, as it is now", () => {
    const run = changes(10, 30, [attribute("seat", "ada", 20), "seat"]);
    expect(replicaAt(10).apply(run, "e1")).toEqual([{ key: "seat", attribute: undefined }]);
  });

  it("knows what it has, and refuses what does not continue it", () => {
    const replica = replicaAt(20);
    expect(replica.apply(changes(10, 20, []), "e1")).toBe("known");
    expect(replica.apply(changes(30, 40, []), "e1")).toBe("gap");
    expect(replica.apply(changes(10, 40, []), "e1")).toBe("gap");
    expect(replica.apply(changes(20, 40, []), "e2")).toBe("gap");
    expect(replica.timestamp).toBe(20n);
  });

  it("takes changes from the very beginning for a whole map once it forgot", () => {
    const replica = replicaAt(10);
    expect(replica.apply(changes(0, 30, [attribute("mode", "pk", 30)]), "e2")).toBe("gap");
    replica.forget();
    expect(replica.apply(changes(7, 30, [attribute("mode", "pk", 30)]), "e2")).toBe("gap");
    const run = changes(0, 30, [attribute("mode", "solo", 20), attribute("x", "", 25), "x"]);
    expect(replica.apply(run, "e2")).toHaveLength(2);
    expect([...replica.attributes.keys()]).toEqual(["mode"]);
    expect(replica).toMatchObject({ timestamp: 30n, epoch: "e2" });
    expect(replica.isBehind(30n, "e2")).toBe(false);
  });

  it("does not compare timestamps of different epochs", () => {
    const replica = replicaAt(10);
    replica.replace(snapshot(10, [attribute("seat", "ada", 10)], "e2"));
    expect(replica.replace(snapshot(10, [attribute("seat", "bob", 10)], "e3"))).toHaveLength(1);
    expect(text(replica, "seat")).toBe("bob");
  });

  it("says what a snapshot changed", () => {
    const replica = replicaAt(10);
    replica.apply(changes(10, 20, [attribute("mode", "pk", 20)]), "e1");
    const next = snapshot(40, [attribute("mode", "pk", 20), attribute("score", "1:0", 40)]);
    expect(replica.replace(next).map((d) => [d.key, d.attribute === undefined])).toEqual([
      ["seat", true],
      ["score", false],
    ]);
  });

  it("ignores an older snapshot of its epoch, and takes any of another", () => {
    const replica = replicaAt(10);
    expect(replica.replace(snapshot(5, []))).toEqual([]);
    expect(replica.attributes.size).toBe(1);
    replica.replace(snapshot(5, [], "e2"));
    expect(replica.attributes.size).toBe(0);
    expect(replica.epoch).toBe("e2");
  });

  it("is behind a later change, another epoch, and everything once it forgot", () => {
    const replica = replicaAt(10);
    expect(replica.isBehind(10n, "e1")).toBe(false);
    expect(replica.isBehind(11n, "e1")).toBe(true);
    expect(replica.isBehind(5n, "e2")).toBe(true);
    replica.forget();
    expect(replica.isBehind(10n, "e1")).toBe(true);
  });

  it("ends as the server's map after any mix of changes, repeats, gaps and snapshots", () => {
    let seed = 11;
    const pick = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
    const server = new Map<string, ReturnType<typeof attribute>>();
    const log = [changes(0, 0, [])];
    const replica = new AttributeReplica();
    replica.replace(snapshot(0, []));
    for (let at = 1; at <= 500; at++) {
      const key = `k${pick(8)}`;
      const gone = pick(4) === 0;
      const set = attribute(key, `${at}`, at);
      if (gone) server.delete(key);
      else server.set(key, set);
      log.push(changes(at - 1, at, [gone ? key : set]));
      const chance = pick(4);
      if (chance === 0) continue;
      const applied = replica.apply(log[chance === 1 ? pick(log.length) : at]!, "e1");
      if (applied === "gap") replica.replace(snapshot(at, [...server.values()]));
    }
    replica.replace(snapshot(500, [...server.values()]));
    expect([...replica.attributes].sort()).toEqual([...server].sort());
  });
});
