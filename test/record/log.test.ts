import { expect, test } from 'bun:test'
import { createLogger } from '../../src/record/log.ts'

test.each(['plain', 'pretty'] as const)(
  '%s lines have nothing that steers a terminal',
  (format) => {
    const lines: string[] = []
    const logger = createLogger('info', format, (line) => lines.push(line))
    const nasty = 'a\n\u001b[2Jb\u007fc\u009b2Jd\u202ee é 世界'
    logger.log('info', 'request', { model: nasty, notes: [nasty] })
    logger.log('error', `Cannot read: ${nasty}`, {})
    expect(lines.join('')).not.toContain('\u001b[2J')
    const own = lines.map((line) => Bun.stripANSI(line).replace(/\n$/, '')).join(' ')
    expect(own).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(own).toContain('é 世界')
  },
)
