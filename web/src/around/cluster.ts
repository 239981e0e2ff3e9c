export interface Spot<T> {
  x: number;
  y: number;
  one: T;
}

export interface Cluster<T> {
  x: number;
  y: number;
  all: T[];
}

/**
 * What lies within `reach` pixels of a group's first spot goes into that group; a group stands at the middle of its
 * spots. Each spot is in exactly one group, and the same spots give the same groups.
 */
export function clusters<T>(spots: readonly Spot<T>[], reach = 44): Cluster<T>[] {
  const cells = new Map<string, { first: Spot<T>; spots: Spot<T>[] }[]>();
  const groups: { first: Spot<T>; spots: Spot<T>[] }[] = [];
  for (const spot of spots) {
    const cx = Math.floor(spot.x / reach);
    const cy = Math.floor(spot.y / reach);
    let home: { first: Spot<T>; spots: Spot<T>[] } | undefined;
    for (let dx = -1; dx <= 1 && !home; dx++) {
      for (let dy = -1; dy <= 1 && !home; dy++) {
        home = cells
          .get(`${cx + dx} ${cy + dy}`)
          ?.find(({ first }) => Math.hypot(first.x - spot.x, first.y - spot.y) <= reach);
      }
    }
    if (home) home.spots.push(spot);
    else {
      const group = { first: spot, spots: [spot] };
      groups.push(group);
      const cell = `${cx} ${cy}`;
      cells.set(cell, [...(cells.get(cell) ?? []), group]);
    }
  }
  return groups.map(({ spots: members }) => ({
    x: members.reduce((sum, s) => sum + s.x, 0) / members.length,
    y: members.reduce((sum, s) => sum + s.y, 0) / members.length,
    all: members.map((s) => s.one),
  }));
}
