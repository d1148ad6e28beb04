import { closest, distance } from 'fastest-levenshtein'

/** ` (did you mean "port"?)`, or nothing where no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? '' : ` (did you mean "${near}"?)`
}

/** The known name that a mistyped one most likely stands for. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const best = closest(name.toLowerCase(), [...known])
  const allowed = Math.max(2, Math.floor(name.length / 3))
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.min(allowed, name.length - 1)
    ? best
    : undefined
}
