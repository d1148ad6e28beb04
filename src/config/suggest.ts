import { closest, distance } from 'fastest-levenshtein'

/** ` (did you mean "port"?)`, or nothing where no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? '' : ` (did you mean "${near}"?)`
}

/** The known name that a mistyped one most likely stands for, whatever the case of either. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const given = name.toLowerCase()
  const lower = known.map((one) => one.toLowerCase())
  const best = closest(given, lower)
  const allowed = Math.min(Math.max(2, Math.floor(name.length / 3)), name.length - 1)
  return distance(given, best) <= allowed ? known[lower.indexOf(best)] : undefined
}
