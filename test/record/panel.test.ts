import { describe, expect, test } from 'bun:test'
import type { Settled } from '../../src/record/observer.ts'
import { type PanelFacts, renderPanel } from '../../src/record/panel.ts'
import { previewReply, previewRequest } from '../../src/record/preview.ts'
import { settled } from '../support/ledger-rows.ts'

const TIME = Date.parse('2026-11-21T10:00:00Z')
const CLOCK = new Date(TIME).toTimeString().slice(0, 8)
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

function panel(
  more: Partial<Settled>,
  facts: Partial<PanelFacts> = {},
  columns = 72,
  colour = false,
) {
  const exchange = settled({ id: 'req_1', time: TIME, ...more })
  const all = { exchange, cost: 0.0123, request: undefined, reply: undefined, ...facts }
  return renderPanel(all, { columns, colour })
}

/** Characters that a terminal would obey. */
const CONTROLS = /[\p{Cf}]|(?!\n)\p{Cc}/u

describe('a panel', () => {
  test('has a whole edge in a window without room for the time', () => {
    const [head = ''] = panel({ model: 'gpt-5', upstreamModel: undefined }, {}, 40).split('\n')
    expect(head).toMatch(/^╭─ 200 gpt-5 → anthropic ─+$/)
    expect(Bun.stringWidth(head)).toBeLessThanOrEqual(40)
  })

  test('shows who asked what of whom, what it took and what was said', () => {
    const text = panel(
      {
        model: 'gpt-5',
        upstreamModel: 'claude-sonnet-5',
        protocol: 'chat',
        path: '/v1/chat/completions',
        client: 'ada',
        attempts: 2,
        firstByteMs: 812,
        durationMs: 12_400,
        usage: {
          input: 1000,
          output: 1204,
          cacheRead: 8000,
          cacheWrite: 1000,
          stopReason: 'end_turn',
        },
        notes: ['seed was dropped'],
      },
      {
        request: { text: 'Fix the test\nplease', messages: 3, tools: 1 },
        reply: { text: `Done: ${'word '.repeat(20)}end` },
      },
    )
    expect(text).toBe(
      [
        `╭─ 200 gpt-5 → anthropic/claude-sonnet-5 ─────────────────── ${CLOCK} ─`,
        '│ Chat → Messages · POST /v1/chat/completions · stream · full · client',
        '│ ada · 3 messages · 1 tool · 2 attempts',
        '│ 10.0k tokens in (80 % cached, 1.0k written) · 1.2k out · $0.012',
        '│ first byte 812 ms · total 12 s · end_turn',
        '│ seed was dropped',
        '│ → Fix the test',
        '│   please',
        '│ ← Done: word word word word word word word word word word word word',
        '│   word word word word word word word word end',
        '╰─ req_1',
        '',
      ].join('\n'),
    )
    for (const line of text.split('\n')) expect(Bun.stringWidth(line)).toBeLessThan(72)
  })

  test('marks a list price and says where no price is known', () => {
    expect(panel({ planLogin: true })).toContain('$0.012 list price (plan login)')
    expect(panel({}, { cost: undefined })).toContain('20 out · price unknown')
    expect(panel({ usage: {} }, { cost: undefined })).not.toContain('price')
  })

  test('has the colour of its outcome', () => {
    const edge = (more: Partial<Settled>) => panel(more, {}, 72, true).slice(0, 5)
    expect(edge({})).toBe('\x1b[32m')
    expect(edge({ ending: 'client_left' })).toBe('\x1b[33m')
    expect(edge({ status: 400, ending: 'upstream_error' })).toBe('\x1b[33m')
    expect(edge({ ending: 'upstream_cut' })).toBe('\x1b[31m')
    expect(edge({ status: 502, ending: 'upstream_cut' })).toBe('\x1b[31m')
    expect(panel({ status: 502, ending: 'upstream_cut' })).toStartWith('╭─ 502 upstream_cut claude')
  })

  test('stays in the width of the terminal, with wide characters too', () => {
    const wide = { text: '中文字'.repeat(60) }
    for (const columns of [25, 30, 38, 50, 80, 200]) {
      const ended = { status: 504, ending: 'upstream_timeout' as const }
      const more = { ...ended, model: `模型${'x'.repeat(90)}`, error: `${'漢'.repeat(90)}` }
      const lines = panel(more, { request: wide, reply: wide }, columns).split('\n')
      for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThan(columns)
    }
  })

  test('shows 24 lines of a preview and says how many more there are', () => {
    const text = panel({}, { reply: { text: 'line\n'.repeat(100) } })
    expect(text.match(/│ . line/g)).toHaveLength(24)
    expect(text).toContain('… 76 more lines')
  })

  test('shows an error once', () => {
    const error = 'max_tokens: Field required'
    const text = panel({ status: 400, error }, { reply: { text: error } })
    expect(text.split(error)).toHaveLength(2)
  })

  test('spells out what would steer the terminal, wherever it stands', () => {
    const evil = 'a\x1b[2J\x1b]0;title\x07b\r\x08\u009b31m\u202e\u200b'
    const text = panel(
      {
        ...{ id: evil, model: evil, upstreamModel: `x${evil}`, client: evil, path: evil },
        ...{ error: evil, notes: [evil], usage: { input: 1, output: 1, stopReason: evil } },
      },
      { request: { text: evil }, reply: { text: evil } },
    )
    expect(text).not.toMatch(CONTROLS)
    expect(text).toContain('\\u{1b}[2J')
  })

  test('masks secrets, wherever they stand', () => {
    const secret = 'sk-ant-api03-canary-of-a-panel-0001'
    const text = panel({ model: secret, error: `${secret} is wrong`, notes: [secret] })
    expect(text).not.toContain('canary')
    expect(text).toContain('*** is wrong')
  })
})

describe('a preview', () => {
  const request = (value: unknown, length = 1400) => previewRequest(bytes(value), length)
  const reply = (value: unknown, length = 1400) => previewReply([bytes(value)], 'messages', length)

  test('is what was asked last, in each protocol', () => {
    const messages = [
      { role: 'user', content: 'first' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder>long</system-reminder>' },
          { type: 'tool_result', content: [{ type: 'text', text: 'ok' }] },
          { type: 'image', source: { data: 'AAAA' } },
          { type: 'text', text: 'last' },
        ],
      },
    ]
    const tools = [{}, {}]
    expect(request({ messages, tools })).toEqual({
      text: '[system-reminder, 39 characters]\n[tool result] ok\n[image]\nlast',
      ...{ messages: 2, tools: 2 },
    })
    const environment = { role: 'system', content: '# Environment' }
    expect(request({ messages: [...messages, environment] }).text).toEndWith('\nlast')
    expect(request({ messages: [environment] }).text).toBe('# Environment')
    const tool = { role: 'tool', tool_call_id: 'a', content: 'from a tool' }
    expect(request({ messages: [tool] }).text).toBe('[tool result] from a tool')
    expect(request({ input: 'plain' }).text).toBe('plain')
    const item = { type: 'function_call_output', call_id: 'a', output: 'result' }
    expect(request({ input: [item] }).text).toBe('[tool result] result')
    const turn = { role: 'user', content: [{ type: 'input_text', text: 'asked' }] }
    expect(request({ input: [item, turn] }).text).toBe('asked')
  })

  test('is what was answered, in each protocol', () => {
    const content = [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'yes' },
      { type: 'tool_use', name: 'Bash', input: { command: 'ls' } },
    ]
    expect(reply({ content }).text).toBe('(thinking) hm\nyes\n[Bash] {"command":"ls"}')
    const call = { type: 'function', function: { name: 'Bash', arguments: '{"a":1}' } }
    const message = { role: 'assistant', content: 'yes', tool_calls: [call] }
    expect(reply({ choices: [{ message }] }).text).toBe('yes\n[Bash] {"a":1}')
    const output = [
      { type: 'message', content: [{ type: 'output_text', text: 'yes' }] },
      { type: 'function_call', name: 'Bash', arguments: '{}' },
    ]
    expect(reply({ output }).text).toBe('yes\n[Bash] {}')
    expect(reply({ type: 'error', error: { message: 'no' } }).text).toBe('no')
    expect(reply({ input_tokens: 5 }).text).toBe('{"input_tokens":5}')
  })

  test('is what a stream told as far as it was kept', () => {
    const frames = [
      { type: 'message_start', message: { id: 'm', model: 'c', content: [], usage: {} } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hal' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'f' } },
    ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    const parts = [...frames, 'event: content_block_del'].map((text) => Buffer.from(text))
    expect(previewReply(parts, 'messages', 1400).text).toBe('Half')
  })

  test('is cut, and a secret at the cut is masked whole', () => {
    const secret = 'sk-ant-api03-canary-of-a-preview-0001'
    const text = `${'x'.repeat(95)} ${secret} ${'y'.repeat(9000)}`
    expect(request({ input: text }, 100).text).toBe(`${'x'.repeat(95)} *** …`)
    expect(reply({ content: [{ type: 'text', text }] }, 100).text).not.toContain('canary')
    const named = { type: 'tool_use', name: 'x', input: { api_key: 'canary-by-name' } }
    expect(reply({ content: [named] }).text).toBe('[x] {"api_key":"***"}')
  })

  test('takes any bytes', () => {
    for (const value of [null, 1, [], 'text', {}, { messages: 1 }, { messages: [null, [1]] }]) {
      expect(request(value).text).toBeString()
      expect(reply(value).text).toBeString()
    }
    expect(previewRequest(Buffer.from([0xff, 0x00]), 10).text).toBeString()
    expect(previewRequest(Buffer.alloc(5_000_000, 32), 10).text).toBe('(5000000 bytes)')
  })
})
