import { isRecord } from '../../kit/json.ts'

/** A count of a row; a server gives large ones as text, or as BigInt. */
export function numberOf(row: unknown, column: string): number {
  return toNumber(isRecord(row) ? row[column] : undefined) ?? 0
}

/** A value as a number, or undefined where it is none. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || (typeof value === 'string' && value !== '')) return Number(value)
  return undefined
}

/** A value as a text, or undefined where it is none. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
