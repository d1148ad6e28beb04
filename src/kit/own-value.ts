/** What a table holds under a name that somebody else chose: nothing for what every object has, such as `constructor`. */
export function ownValue<Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
