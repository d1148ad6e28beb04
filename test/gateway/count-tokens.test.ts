import { describe, expect, test } from 'bun:test'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { countImage } from '../../src/gateway/count-image.ts'
import { estimateTokens } from '../../src/gateway/count-tokens.ts'
import { tokenFamily } from '../../src/gateway/token-family.ts'
import { countO200k } from '../../src/gateway/tokenizer.ts'
import { imageSize } from '../../src/protocol/messages/image-size.ts'
import type { Block, MessagesRequest } from '../../src/protocol/messages/schema.ts'
import stored from '../fixtures/tokens/counts.json'
import imageCounts from '../fixtures/tokens/images.json'
import { gif, jpeg, pdf, png, webpExtended, webpLossless, webpLossy } from './sample-files.ts'

const MODELS = ['gpt-5', 'claude-opus-5', 'qwen3-coder', 'gemini-3-pro', 'deepseek-chat', 'glm-5']

function ask(...content: Block[]): MessagesRequest {
  return { model: 'any', messages: [{ role: 'user', content }] }
}

async function count(request: MessagesRequest, model: string): Promise<number> {
  return (await estimateTokens(request, model)).input_tokens
}

async function countText(text: string, model: string): Promise<number> {
  return count(ask({ type: 'text', text }), model)
}

/** Pseudo-random text of all kinds, the same on each run. */
function texts(): string[] {
  const bits = [
    'word',
    'Größe',
    '模型。',
    ' ',
    '  ',
    '\n',
    '\n\n',
    "don't",
    '1234',
    '=>',
    '{',
    '🎉',
    'ы',
    "'S",
    '\t',
    '/*',
    '안녕',
    'CamelCase',
    '.',
    '\r\n',
    'é',
  ]
  let seed = 7
  const next = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed
  }
  return Array.from({ length: 40 }, () =>
    Array.from({ length: 200 + (next() % 2500) }, () => bits[(next() >> 8) % bits.length]).join(''),
  )
}

describe('stored counts', () => {
  for (const one of stored.cases) {
    test(`${one.model}: ${one.name}`, async () => {
      const { request, repeat } = one
      const text = repeat?.text.repeat(repeat.times) ?? ''
      const system = repeat === undefined ? {} : { system: repeat.system }
      const sent: unknown = request ?? {
        model: one.model,
        ...system,
        messages: [{ role: 'user', content: text }],
      }
      const estimate = await count(JSON.parse(JSON.stringify(sent)), one.model)
      const allowed = /gpt-4/.test(one.model) ? 0 : 0.1 * one.input_tokens
      expect(Math.abs(estimate - one.input_tokens)).toBeLessThanOrEqual(allowed)
    })
  }
})

describe('text', () => {
  test('counted in segments is exactly what o200k_base counts', async () => {
    const plain = { disallowedSpecial: new Set<string>() }
    for (const text of [
      ...texts(),
      '모델은 글을 토큰으로 나누어 읽고 하나씩 이어 씁니다. '.repeat(200),
      '<|endoftext|> '.repeat(200),
    ]) {
      expect(await countO200k(text)).toBe(countTokens(text, plain))
    }
  })

  test('appended never lowers a count', async () => {
    for (const model of MODELS) {
      for (const text of texts().slice(0, 8)) {
        let last = 0
        for (const end of [text.length >> 2, text.length >> 1, text.length]) {
          const before = await countText(text.slice(0, end), model)
          const after = await countText(`${text.slice(0, end)} and 23 more words 模型 ы`, model)
          expect(after).toBeGreaterThan(before)
          expect(before).toBeGreaterThanOrEqual(last)
          last = before
        }
      }
    }
  })

  test('of a megabyte leaves the event loop free', async () => {
    await countText('load', 'gpt-5')
    const text = `${texts().join(' ')} ${'a'.repeat(20_000)} `.repeat(12).slice(0, 1_000_000)
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    await countText(text, 'gpt-5')
    clearInterval(timer)
    // It takes some hundred milliseconds in pieces of eight: others must have had their turn in between.
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  test('that comes again is not counted again', async () => {
    const text = texts().join('\n').repeat(8)
    await countText(text, 'qwen3')
    const start = performance.now()
    await countText(text, 'qwen3')
    expect(performance.now() - start).toBeLessThan(100)
  })
})

describe('images', () => {
  const size = { width: 1280, height: 720 }
  for (const [name, file] of Object.entries({
    png,
    jpeg,
    gif,
    webpLossy,
    webpLossless,
    webpExtended,
  })) {
    test(`${name} states its size`, () => {
      expect(imageSize(file(size).toString('base64'))).toEqual(size)
    })
  }

  test('cost by their size, not by the length of their base64', async () => {
    for (const model of MODELS) {
      const counts = [0, 300, 3_000_000].map((padding) => {
        const data = png(size, padding).toString('base64')
        return count(
          ask({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }),
          model,
        )
      })
      const [first, ...others] = await Promise.all(counts)
      expect(first).toBeGreaterThan(100)
      for (const other of others) expect(other).toBe(first as number)
    }
  })

  for (const { model, width, height, tokens } of imageCounts.cases) {
    test(`${width}×${height} on ${model}`, () => {
      const estimate = countImage({ width, height }, model, tokenFamily(model).name)
      expect(Math.abs(estimate - tokens)).toBeLessThanOrEqual(0.1 * tokens)
    })
  }

  test('of no readable size, by URL and absurdly thin ones count too', async () => {
    const url = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
    const odd = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
    for (const model of MODELS)
      expect(await count(ask(url), model)).toBe(await count(ask(odd), model))
    for (const model of [...MODELS, 'gpt-4o', 'gpt-5-mini', 'gemini-2.5-flash', 'gpt-6']) {
      const tokens = countImage({ width: 1, height: 60_000 }, model, tokenFamily(model).name)
      expect(tokens).toBeGreaterThan(0)
      expect(Number.isFinite(tokens)).toBe(true)
    }
  })
})

describe('blocks', () => {
  const words = 'the quick brown fox jumps over the lazy dog '.repeat(20)
  const data = (pages: number) => pdf(pages).toString('base64')
  const longer: Readonly<Record<string, Block>> = {
    text: { type: 'text', text: words },
    thinking: { type: 'thinking', thinking: words, signature: 'x'.repeat(5000) },
    tool_use: { type: 'tool_use', id: 't', name: 'f', input: { deep: [{ text: words }] } },
    tool_result: { type: 'tool_result', tool_use_id: 't', content: words },
    nested: { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: words }] },
    document: { type: 'document', source: { type: 'text', media_type: 'text/plain', data: words } },
    contents: {
      type: 'document',
      source: { type: 'content', content: [{ type: 'text', text: words }] },
    },
    search_result: { type: 'search_result', title: 't', content: [{ type: 'text', text: words }] },
    web_search_tool_result: { type: 'web_search_tool_result', content: { error: words } },
  }
  for (const [name, block] of Object.entries(longer)) {
    test(`${name} counts its text and nothing encoded`, async () => {
      const tokens = await count(ask(block), 'gpt-5')
      expect(tokens).toBeGreaterThanOrEqual(180)
      expect(tokens).toBeLessThan(230)
    })
  }

  test('a PDF counts by its pages, or by its size', async () => {
    const tokens = async (file: string) =>
      count(
        ask({
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: file },
        }),
        'claude-sonnet-5',
      )
    const one = await tokens(data(1))
    expect(one).toBeGreaterThan(1500)
    expect((await tokens(data(10))) / one).toBeCloseTo(10, 0)
    const sealed = Buffer.alloc(500_000, 'x').toString('base64')
    expect((await tokens(sealed)) / one).toBeCloseTo(10, 0)
  })

  test('system prompt and tools count, on every family', async () => {
    const base = ask({ type: 'text', text: 'hi' })
    const tools = [
      {
        name: 'find',
        description: words,
        input_schema: { type: 'object', properties: { a: { type: 'string', description: words } } },
      },
    ]
    for (const model of MODELS) {
      const plain = await count(base, model)
      expect(await count({ ...base, system: words }, model)).toBeGreaterThan(plain + 170)
      expect(
        await count({ ...base, system: [{ type: 'text', text: words }] }, model),
      ).toBeGreaterThan(plain + 170)
      expect(await count({ ...base, tools }, model)).toBeGreaterThan(plain + 340)
    }
  })

  test('nothing at all is never negative', async () => {
    for (const model of [...MODELS, '', 'model-of-tomorrow']) {
      expect(await count({ model: 'x', messages: [] }, model)).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('a malformed request', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['messages', { model: 'm' }],
    ['messages.0.role', { model: 'm', messages: [{ content: 'x' }] }],
    ['messages.0.content', { model: 'm', messages: [{ role: 'user', content: 7 }] }],
    [
      'messages.0.content.1.text',
      {
        model: 'm',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text' }] }],
      },
    ],
    ['messages.0.content.0.type', { model: 'm', messages: [{ role: 'user', content: [{}] }] }],
    [
      'messages.0.content.0.content.0',
      {
        model: 'm',
        messages: [
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [3] }] },
        ],
      },
    ],
    [
      'messages.0.content.0.source',
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'image' }] }] },
    ],
    ['system', { model: 'm', messages: [], system: 5 }],
    [
      'tools.0.input_schema',
      { model: 'm', messages: [], tools: [{ name: 'a', input_schema: 'x' }] },
    ],
  ]
  for (const [field, request] of wrong) {
    test(`names ${field}`, async () => {
      const failure = estimateTokens(JSON.parse(JSON.stringify(request)), 'gpt-5')
      await expect(failure).rejects.toMatchObject({
        name: 'ProxyError',
        kind: 'invalid_request',
        status: 400,
        field,
      })
    })
  }

  test('that nests schemas and results without end neither hangs nor overflows', async () => {
    let schema: Record<string, unknown> = { type: 'string' }
    for (let depth = 0; depth < 2000; depth++) schema = { type: 'array', items: schema }
    const tools = [{ name: 'deep', input_schema: { type: 'object', properties: { a: schema } } }]
    expect(await count({ model: 'm', messages: [], tools }, 'gpt-5')).toBeGreaterThan(10)
    let nested: Block = { type: 'text', text: 'x' }
    for (let depth = 0; depth < 50; depth++)
      nested = { type: 'tool_result', tool_use_id: 't', content: [nested] }
    await expect(estimateTokens(ask(nested), 'gpt-5')).rejects.toMatchObject({ status: 400 })
  })
})

test('a model is known by its name, in any aggregator’s spelling', () => {
  const families: Readonly<Record<string, string>> = {
    'gpt-5.2-codex': 'openai',
    'openai/gpt-4o': 'openai',
    'o4-mini': 'openai',
    'gpt-oss-120b': 'gpt-oss',
    'claude-3-7-sonnet-20250219': 'claude',
    'claude-opus-4-6': 'claude',
    'claude-sonnet-4-20250514': 'claude',
    'claude-opus-4-7': 'claude-4.7',
    'anthropic/claude-opus-4.8': 'claude-4.7',
    'claude-sonnet-5': 'claude-4.7',
    'claude-fable-5-2': 'claude-4.7',
    'deepseek-chat': 'deepseek',
    'Qwen/Qwen3-Coder': 'qwen',
    'glm-4.6': 'glm',
    'moonshotai/kimi-k2': 'kimi',
    'gemini-3-pro': 'gemini',
    'devstral-small': 'mistral',
    'x-ai/grok-4': 'grok',
    'llama-4-scout': 'llama-4',
    'llama3.3:70b': 'llama-3',
    'my-model': 'unknown',
    'foo1-large': 'unknown',
  }
  for (const [model, family] of Object.entries(families))
    expect([model, tokenFamily(model).name]).toEqual([model, family])
})

describe('what a tool gave back', () => {
  const result = (content: unknown) =>
    count(ask({ type: 'tool_result', tool_use_id: 'a', content }), 'gpt-5')
  const text = { type: 'text', text: 'It is warm' }
  const url = { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } }

  test('is counted in every form in which it goes up', async () => {
    expect(await result(null)).toBe(await result(undefined))
    expect(await result(['It is warm'])).toBe(await result('It is warm'))
    expect(await result(text)).toBe(await result([text]))
    expect(await result(url)).toBe(await result([url]))
    expect(await result({ degrees: 20 })).toBe(await result('{"degrees":20}'))
  })
})
