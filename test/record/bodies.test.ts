import { describe, expect, test } from 'bun:test'
import { keptBody } from '../../src/record/bodies.ts'
import { redact } from '../../src/record/redact.ts'

const bytes = (text: string) => [new TextEncoder().encode(text)]

describe('secrets are masked by their look', () => {
  const PRIVATE = `-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----`
  const SECRETS = [
    'sk-ant-api03-canary0123456789abcdef',
    'sk-ant-oat01-canary0123456789abcdef',
    'sk-proj-canary0123456789abcdef',
    'ghp_canary0123456789abcdefghij',
    'github_pat_canary0123456789abcdefghij',
    'glpat-canary0123456789ab',
    'xoxb-canary-0123456789',
    'AKIACANARY0123456789',
    'AIzaCanary0123456789canary0123456789abc',
    'ya29.canary0123456789abcdefghij',
    'npm_canary0123456789canary0123456789',
    'hf_canary0123456789canary',
    'sk_live_canary0123456789',
    'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiIxIn0.canary0123456789',
    'Bearer canary.0123456789',
    'Basic Y2FuYXJ5OjAxMjM0NTY3ODk=',
    PRIVATE,
  ]
  test.each(SECRETS)('%s', (secret) => {
    const clean = redact(`before "${secret}" behind`)
    expect(clean).toBe('before "***" behind')
  })

  test('by the name of their field, of a setting, and in an address', () => {
    expect(redact('{"api_key": "hunter2", "model": "m"}')).toBe('{"api_key": "***", "model": "m"}')
    expect(redact('{"x-api-key":"hunter2"}')).toBe('{"x-api-key":"***"}')
    expect(redact('{"text":"{\\"password\\": \\"hunter2\\"}"}')).toBe(
      '{"text":"{\\"password\\": \\"***\\"}"}',
    )
    expect(redact('export DB_PASSWORD=hunter2 next')).toBe('export DB_PASSWORD=*** next')
    expect(redact('postgres://me:hunter2@host/db')).toBe('postgres://me:***@host/db')
  })

  test('what is no secret stays', () => {
    const plain = '{"max_tokens":100,"model":"claude-sonnet-5","usage":{"input_tokens":3}}'
    expect(redact(plain)).toBe(plain)
    expect(redact('the task-list is a basic one, see https://a.example/b?c=d')).toBe(
      'the task-list is a basic one, see https://a.example/b?c=d',
    )
  })

  test('a long text without secrets is read in no time', () => {
    const began = performance.now()
    redact('a_-.=:/"\\ '.repeat(20_000))
    redact(`${'x-'.repeat(50_000)}key`)
    redact('://a'.repeat(20_000))
    expect(performance.now() - began).toBeLessThan(2000)
  })
})

describe('a body as it is kept', () => {
  test('without images and files', () => {
    const image = 'A'.repeat(5000)
    const body = JSON.stringify({
      messages: [
        { source: { type: 'base64', media_type: 'image/png', data: image } },
        { image_url: { url: `data:image/png;base64,${image}` } },
        { data: 'short' },
        { text: 'behind' },
      ],
    })
    const kept = keptBody(bytes(body), undefined, 10_000) ?? ''
    expect(kept).not.toContain('AAAAAAAAAA')
    expect(JSON.parse(kept)).toEqual({
      messages: [
        {
          source: {
            ...{ type: 'base64', media_type: 'image/png' },
            data: '[5000 bytes of Base64 left out]',
          },
        },
        { image_url: { url: 'data:image/png;base64,[5000 bytes of Base64 left out]' } },
        { data: 'short' },
        { text: 'behind' },
      ],
    })
  })

  test('cut, and never through a secret', () => {
    const secret = 'sk-ant-api03-canary0123456789'
    for (let at = 970; at < 1030; at++) {
      const kept = keptBody(
        bytes(`${'a '.repeat(at / 2)}${secret} ${'b'.repeat(5000)}`),
        undefined,
        1000,
      )
      expect(kept).not.toContain('canary')
      expect(kept?.length).toBeLessThan(1050)
      expect(kept).toContain('(cut, ')
    }
  })

  test('a stream as the message that it told, whole secrets and broken-off ends included', () => {
    const event = (type: string, data: object) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
    const delta = (text: string) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
    const start =
      event('message_start', {
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'claude',
          content: [],
          usage: {},
        },
      }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    const pieces = ['The key is sk-', 'ant-api03-', 'canary01', '23456789 ', 'as said']
    const stream = start + pieces.map(delta).join('')
    const kept = keptBody(bytes(stream), 'messages', 1000) ?? ''
    expect(JSON.parse(kept)).toEqual({
      model: 'claude',
      content: [{ type: 'text', text: 'The key is *** as said' }],
    })
  })

  test('as a database takes it', () => {
    expect(keptBody(bytes('zero \u0000 here'), undefined, 100)).toBe('zero \ufffd here')
    expect(keptBody([new Uint8Array([0x61, 0xff, 0xfe])], undefined, 100)).toBe('a\ufffd\ufffd')
    expect(keptBody([], 'messages', 100)).toBeUndefined()
  })
})

test('a text that is made to be searched for long takes no time', () => {
  const start = performance.now()
  redact('-eyJ'.repeat(50_000))
  redact('eyJaaaaaaaa.eyJaaaaaaaa-'.repeat(10_000))
  expect(performance.now() - start).toBeLessThan(300)
})
