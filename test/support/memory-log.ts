import type { Fields, Level, Logger } from '../../src/record/log.ts'

/** A line as it was logged. */
export interface LoggedLine extends Fields {
  readonly level: Level
  readonly message: string
}

/** A logger that keeps its lines. */
export function memoryLog(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  return {
    lines,
    level: 'trace',
    enabled: () => true,
    log: (level, message, fields = {}) => lines.push({ level, message, ...fields }),
  }
}
