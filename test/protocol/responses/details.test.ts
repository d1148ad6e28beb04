import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../../src/kit/error.ts'
import { isRecord } from '../../../src/kit/json.ts'
import { NEUTRAL_PROFILE } from '../../../src/protocol/profile.ts'
import { legalCallId } from '../../../src/protocol/responses/call-id.ts'
import { responsesErrors } from '../../../src/protocol/responses/error.ts'
import { responsesRequestIn } from '../../../src/protocol/responses/request-in.ts'
import { responsesRequestOut } from '../../../src/protocol/responses/request-out.ts'
import { StringField } from '../../../src/protocol/responses/string-field.ts'
import { nameTools } from '../../../src/protocol/responses/tool-names.ts'
import { tapUsage } from '../../../src/protocol/responses/usage.ts'
import { recordsIn } from '../../../src/protocol/value.ts'

describe('Call ids (D15, E25)', () => {
  test('A legal id stays as it is', () => {
    expect(legalCallId('call_abc-DEF_09')).toBe('call_abc-DEF_09')
  })

  test('A long id is cut to 64 characters, the same each time, and apart from its likes', () => {
    const one = legalCallId(`call_${'x'.repeat(63)}1`)
    const other = legalCallId(`call_${'x'.repeat(63)}2`)
    expect(one).toMatch(/^[A-Za-z0-9_-]{64}$/)
    expect(legalCallId(`call_${'x'.repeat(63)}1`)).toBe(one)
    expect(other).not.toBe(one)
  })

  test('A call and its output go up under one id', () => {
    const id = `toolu_${'y'.repeat(62)}`
    const request = {
      model: 'm',
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'R' }] },
      ],
    }
    const { value } = responsesRequestOut({ request, hints: {}, notes: [] }, NEUTRAL_PROFILE)
    const [call, output] = recordsIn(value.input)
    expect(call?.call_id).toBe(output?.call_id)
    expect(String(call?.call_id).length).toBeLessThanOrEqual(64)
  })
})

describe('Tool names', () => {
  test('Names that only differ behind the cut stay apart, and go back', () => {
    const name = `mcp__server__${'n'.repeat(80)}`
    const request = {
      model: 'm',
      messages: [{ role: 'user', content: 'Q' }],
      tools: [{ name: `${name}1` }, { name: `${name}2` }],
      tool_choice: { type: 'tool', name: `${name}2` },
    }
    const { value, names } = responsesRequestOut({ request, hints: {}, notes: [] }, NEUTRAL_PROFILE)
    const [one, two] = recordsIn(value.tools).map((tool) => String(tool.name))
    expect(one).not.toBe(two)
    expect(one?.length).toBeLessThanOrEqual(64)
    expect(names.down(two ?? '')).toBe(`${name}2`)
    expect(value.tool_choice).toEqual({ type: 'function', name: two })
  })

  test('Two tools that flatten to one name get two', () => {
    const tools = [
      { type: 'function', name: 'a__b' },
      { type: 'namespace', name: 'a', tools: [{ type: 'function', name: 'b' }] },
    ]
    const named = nameTools({ model: 'm', input: 'Q', tools })
    expect(named.list.map((tool) => tool.flat)).toEqual(['a__b', 'a__b_2'])
    expect(named.flat('b', 'a')).toBe('a__b_2')
    expect(named.origin('a__b_2')).toMatchObject({ name: 'b', namespace: 'a' })
  })

  test('A function called web_search leaves that name to the search', () => {
    const tools = [{ type: 'function', name: 'web_search' }, { type: 'web_search' }]
    const turn = responsesRequestIn({
      model: 'm',
      input: 'Q',
      tools,
      tool_choice: { type: 'web_search' },
    })
    expect(turn.request.tools?.map((tool) => tool.name)).toEqual(['web_search_2', 'web_search'])
    expect(turn.request.tool_choice).toEqual({ type: 'tool', name: 'web_search' })
  })
})

describe('The string of a custom tool', () => {
  const json = JSON.stringify({ input: 'a"b\\c\n\té🎈\u2028\u0000/' })

  test('Half a character waits for its other half', () => {
    const field = new StringField()
    const said = ['{"input":"a\\ud83d', '\\ude00b"}'].map((piece) => field.push(piece))
    expect(said).toEqual(['a', '😀b'])
    expect(field.value).toBe('a😀b')
  })

  test('Comes out whole, wherever its JSON is cut', () => {
    for (let cut = 0; cut <= json.length; cut += 1) {
      const field = new StringField()
      const text = field.push(json.slice(0, cut)) + field.push(json.slice(cut)) + field.end()
      expect(text).toBe('a"b\\c\n\té🎈\u2028\u0000/')
      expect(field.value).toBe(text)
    }
  })

  test('Is the one string of another form, and the JSON itself where there is none', () => {
    for (const [form, expected] of [
      ['{"patch":"x"}', 'x'],
      ['{"other":1,"input":"y"}', 'y'],
      ['{"a":1,"b":2}', '{"a":1,"b":2}'],
      ['', ''],
    ] as const) {
      const field = new StringField()
      expect(field.push(form) + field.end()).toBe(expected)
      expect(field.value).toBe(expected)
    }
  })
})

function sourcesIn(content: unknown): unknown[] {
  return recordsIn(content).map((block) => block.source)
}

describe('Hints', () => {
  test('What Messages cannot say goes to an encoder that can', () => {
    const turn = responsesRequestIn({
      model: 'm',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'https://x/1', detail: 'original' },
            { type: 'input_image', image_url: 'https://x/2', detail: 'medium' },
            { type: 'input_image', image_url: 'https://x/3', detail: 123 },
          ],
        },
      ],
      text: {
        verbosity: 'low',
        format: { type: 'json_schema', name: 'n', schema: {}, strict: true },
      },
      reasoning: { effort: 'minimal' },
      prompt_cache_key: 'k',
    })
    const sources = sourcesIn(turn.request.messages[0]?.content)
    const details = turn.hints.image_details
    if (!(details instanceof Map)) throw new Error('No details')
    expect(sources.map((source) => details.get(source))).toEqual(['high', undefined, undefined])
    const { image_details: _details, ...hints } = turn.hints
    expect(hints).toEqual({
      verbosity: 'low',
      reasoning_effort: 'minimal',
      prompt_cache_key: 'k',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: {}, strict: true },
      },
    })
  })

  test('A Chat client’s format and verbosity reach a Responses upstream', () => {
    const request = { model: 'm', messages: [{ role: 'user', content: 'Q' }] }
    const hints = {
      verbosity: 'high',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: {}, strict: false },
      },
      seed: 7,
    }
    const { value, notes } = responsesRequestOut({ request, hints, notes: [] }, NEUTRAL_PROFILE)
    expect(value.text).toEqual({
      format: { type: 'json_schema', name: 'n', schema: {}, strict: false },
      verbosity: 'high',
    })
    expect(notes).toEqual(['seed: not supported by Responses, dropped'])
  })
})

test('An effort that the upstream does not know is the next weaker one, with a note', () => {
  const request = {
    model: 'm',
    messages: [{ role: 'user', content: 'Q' }],
    output_config: { effort: 'max' },
  }
  const { value, notes } = responsesRequestOut({ request, hints: {}, notes: [] }, NEUTRAL_PROFILE)
  expect(value.reasoning).toEqual({ effort: 'high' })
  expect(notes).toHaveLength(1)
})

test('A tap counts what the response says', () => {
  expect(
    tapUsage({ input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 2 }),
  ).toEqual({ input: 6, output: 2, cacheRead: 4 })
  expect(tapUsage({ input_tokens: 10.5, output_tokens: true })).toEqual({})
  expect(tapUsage(undefined)).toEqual({})
})

test('An error is OpenAI’s body, and a failed response where a stream breaks', () => {
  const error = new ProxyError('rate_limit', 'Slow down')
  expect(JSON.parse(responsesErrors.body(error, 'req_1'))).toEqual({
    error: {
      message: 'Slow down',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
    },
  })
  const [name, data] = responsesErrors.event(error, 'req_1').split('\n')
  expect(name).toBe('event: response.failed')
  const event: unknown = JSON.parse((data ?? '').slice(6))
  const response = isRecord(event) ? event.response : undefined
  expect(response).toMatchObject({
    status: 'failed',
    error: { code: 'rate_limit_exceeded', message: 'Slow down' },
  })
})
