import { describe, expect, test } from 'bun:test'
import { createLogger } from '../../src/record/log.ts'
import { Panels, type PanelsOptions } from '../../src/record/panels.ts'
import { settled } from '../support/ledger-rows.ts'
import { sleep, until } from '../support/wait.ts'

/** Panels on a terminal that keeps what it is given. */
function onScreen(more: Partial<PanelsOptions> = {}, level: 'info' | 'warn' = 'info') {
  let screen = ''
  const panels = new Panels({
    ...{ previewLength: 100, terminal: true, colour: false },
    columns: () => 80,
    write: (bytes) => {
      screen += new TextDecoder().decode(bytes)
      return bytes.length
    },
    ...more,
  })
  const logger = createLogger(level, 'plain', panels.line)
  const observer = panels.observer({ logger, cost: () => 1 })
  return { panels, logger, observer, screen: () => screen }
}

const CLEAR = '\r\x1b[J'

describe('panels', () => {
  test('stand between the lines of the log, in order', async () => {
    const { logger, observer, screen } = onScreen()
    logger.log('info', 'before')
    observer.settled(settled({ model: 'claude-a' }))
    logger.log('warn', 'after')
    await until('all of it', () => screen().includes('after'))
    expect(screen()).toMatch(
      /before\n╭─ 200 claude-a [^\n]+\n(│ [^\n]+\n)+╰─ [^\n]+\n[^\n]+after\n$/,
    )
  })

  test('obey the log level', async () => {
    const { observer, screen, panels } = onScreen({}, 'warn')
    expect(observer.started).toBeUndefined()
    observer.settled(settled({ model: 'claude-good' }))
    observer.settled(settled({ model: 'claude-bad', status: 502, ending: 'upstream_cut' }))
    panels.close()
    expect(screen()).not.toContain('claude-good')
    expect(screen()).toContain('502 upstream_cut claude-bad')
  })

  test('give way to the ordinary line where too many come at once', async () => {
    const { observer, screen, panels } = onScreen()
    for (let count = 0; count < 100; count += 1) observer.settled(settled())
    panels.close()
    expect(screen().match(/╭─/g)).toHaveLength(20)
    expect(screen().match(/ request /g)).toHaveLength(80)
  })

  test('hold no more of the bodies than they may', async () => {
    const { observer, screen, panels } = onScreen()
    const request = Buffer.from(JSON.stringify({ input: 'asked' }))
    const large = Buffer.alloc(17_000_000, 32)
    observer.settled(settled({ bodies: { request: large, reply: [] } }))
    observer.settled(settled({ bodies: { request, reply: [] } }))
    panels.close()
    expect(screen().match(/→ asked/g)).toHaveLength(1)
    expect(screen().match(/╭─/g)).toHaveLength(2)
  })

  test('keep bodies for previews alone', () => {
    expect(onScreen({ previewLength: 0 }).panels.keptBytes).toBeUndefined()
    expect(onScreen().panels.keptBytes).toBe(3200)
  })

  test('lose nothing on a terminal that takes a little at a time', async () => {
    let screen = ''
    let busy = true
    const { observer, logger } = onScreen({
      write: (bytes) => {
        busy = !busy
        if (busy) return 0
        const part = bytes.subarray(0, 50)
        screen += Buffer.from(part).toString('latin1')
        return part.length
      },
    })
    observer.settled(settled({ id: 'req_slow' }))
    for (let count = 0; count < 40 && !screen.includes('end\n'); count += 1) {
      logger.log('info', count === 0 ? 'end' : 'more')
      await sleep(25)
    }
    expect(screen).toContain('req_slow\n')
    expect(screen).toContain('end\n')
  })
})

describe('the live line', () => {
  test('shows the newest of those that run, and goes with the last', async () => {
    const { observer, screen, panels } = onScreen()
    const first = settled({ model: 'claude-first', upstreamModel: 'claude-first' })
    const second = settled({ model: 'claude-second\x1b[2J' })
    observer.started?.(first)
    await until('the line', () => screen().includes('claude-first → anthropic waiting'))
    expect(screen()).not.toContain('\n')
    observer.firstByte?.(first)
    observer.started?.(second)
    await until('both', () => screen().includes('2 running, newest claude-second\\u{1b}[2J → '))
    observer.settled(second)
    await until('the panel', () => screen().includes('╰─'))
    await until('the older', () => /claude-first → anthropic answering [^\n]*$/.test(screen()))
    observer.settled(first)
    await until('its panel', () => screen().split('╰─').length === 3)
    panels.close()
    expect(screen()).toEndWith('\n')
    // Whatever came after a live line began with its removal.
    expect(screen().replaceAll(CLEAR, '|')).not.toMatch(/(waiting|answering) [\d.]+ m?s[^|]/)
  }, 5000)

  test('is cleared whole though the window became narrower', async () => {
    let columns = 80
    const { observer, screen, logger } = onScreen({ columns: () => columns })
    const running = settled({ model: `claude-${'x'.repeat(50)}` })
    observer.started?.(running)
    await until('the line', () => screen().includes('waiting'))
    columns = 30
    logger.log('info', 'a line')
    await until('the line of the log', () => screen().includes('a line'))
    expect(screen().replaceAll('\x1b', 'ESC')).toMatch(/\rESC\[2AESC\[J[^\n]+a line\n/)
    const last = screen().slice(screen().lastIndexOf('\n') + 1)
    expect(Bun.stringWidth(last)).toBeLessThan(30)
    observer.settled(running)
  })

  test('is not drawn for what is over at once, nor where there is no terminal', async () => {
    const quick = onScreen()
    const none = onScreen({ terminal: false })
    expect(none.observer.started).toBeUndefined()
    for (const { observer } of [quick, none]) {
      const exchange = settled()
      observer.started?.(exchange)
      observer.settled(exchange)
    }
    await sleep(300)
    expect(quick.screen()).not.toContain(CLEAR)
    expect(none.screen()).toStartWith('╭─ 200')
  })
})
