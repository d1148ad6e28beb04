import { isRecord } from '../../../../src/protocol/value.ts'

/** Where a value differs from what is expected of it; a key that is not expected is free, `$absent` names keys that must not be there. */
export function difference(expected: unknown, actual: unknown, path = '$'): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path}: no array: ${show(actual)}`
    if (actual.length !== expected.length) {
      return `${path}: ${actual.length} entries instead of ${expected.length}: ${show(actual)}`
    }
    return first(expected.map((item, index) => difference(item, actual[index], `${path}.${index}`)))
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return `${path}: no object: ${show(actual)}`
    return first(
      Object.entries(expected).map(([key, value]) => {
        if (key !== '$absent') return difference(value, actual[key], `${path}.${key}`)
        const there = Array.isArray(value) ? value.filter((name) => name in actual) : []
        return there.length === 0 ? undefined : `${path}: ${there.join(', ')} should be absent`
      }),
    )
  }
  return expected === actual ? undefined : `${path}: ${show(actual)} instead of ${show(expected)}`
}

function first(found: (string | undefined)[]): string | undefined {
  return found.find((one) => one !== undefined)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}
