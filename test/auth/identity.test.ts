import { describe, expect, test } from 'bun:test'
import {
  IDENTITY_LINE,
  isClaudeCode,
  mergeBetas,
  PLAN_LOGIN_BETAS,
  withIdentity,
} from '../../src/auth/identity.ts'

const BLOCK = `{"type":"text","text":"${IDENTITY_LINE}"}`
const CC = '"cache_control":{"type":"ephemeral"}'

function inject(body: string, mode: 'minimal' | 'none' = 'minimal'): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(withIdentity(body, mode))
}

describe('The identity block', () => {
  test.each([
    ['{}', `{"system":[${BLOCK}]}`],
    [' { "a" : 1.0 } ', ` {"system":[${BLOCK}], "a" : 1.0 } `],
    ['{"system":null,"n":1}', `{"system":[${BLOCK}],"n":1}`],
    ['{"system":"","n":1}', `{"system":[${BLOCK}],"n":1}`],
    [
      '{"n":12345678901234567890, "system" : "Be \\u0062rief \\"é\\"" ,"x":1e2}',
      `{"n":12345678901234567890, "system" : [${BLOCK},{"type":"text","text":"Be \\u0062rief \\"é\\""}] ,"x":1e2}`,
    ],
    ['\uFEFF{"n":1}', `\uFEFF{"system":[${BLOCK}],"n":1}`],
    ['{"system":[]}', `{"system":[${BLOCK}]}`],
    ['{"system":[ ]}', `{"system":[${BLOCK} ]}`],
    [
      '{"system":[ {"type":"text","text":"a","x":1.0}]}',
      `{"system":[${BLOCK}, {"type":"text","text":"a","x":1.0}]}`,
    ],
    ['{"sys\\u0074em":"a"}', `{"sys\\u0074em":[${BLOCK},{"type":"text","text":"a"}]}`],
    [
      '{"system":"a","system":"b"}',
      `{"system":"a","system":[${BLOCK},{"type":"text","text":"b"}]}`,
    ],
    [
      '{"messages":[{"system":"x"}],"s":"\\\\\\""}',
      `{"system":[${BLOCK}],"messages":[{"system":"x"}],"s":"\\\\\\""}`,
    ],
  ])('%s', (body, expected) => {
    expect(inject(body)).toBe(expected)
  })

  test.each([
    `{"system":"${IDENTITY_LINE}"}`,
    `{"system":[${BLOCK},{"type":"text","text":"more"}]}`,
    '{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;"},{"type":"text","text":"x"}]}',
    `{"system":[{"type":"text","text":"first"},{"text":"You are a Claude agent, built on Anthropic's Claude Agent SDK.","type":"text"}]}`,
  ])('Is not added where one is: %s', (body) => {
    expect(inject(body)).toBe(body)
  })

  test('Is added where a prompt merely mentions Claude Code', () => {
    const body = '{"system":[{"type":"text","text":"Explain Claude Code and You are Claude Code"}]}'
    expect(inject(body)).toStartWith(`{"system":[${BLOCK},`)
  })

  test.each([
    '',
    'not json',
    '[1]',
    '{"system":"open',
    '{"a":1,}x',
    '{"a" 1}',
    '{"a":{"b":[1}',
    '{"system":7}',
  ])('Leaves what it cannot read as it is: %s', (body) => {
    expect(inject(body)).toBe(body)
  })

  test('Is not added in mode none', () => {
    expect(inject('{"system":"a"}', 'none')).toBe('{"system":"a"}')
  })

  test('Keeps bytes that are not UTF-8', () => {
    const body = Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from([0xff, 0xc3]),
      Buffer.from('"}'),
    ])
    const result = withIdentity(body, 'minimal')
    expect(Buffer.from(result).subarray(-body.length + 1)).toEqual(body.subarray(1))
  })

  test('Reads a body nested deeper than the stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    expect(inject(`{"a":${deep}}`)).toBe(`{"system":[${BLOCK}],"a":${deep}}`)
  })
})

describe('Cache breakpoints', () => {
  const block = (name: string, mark = true) =>
    `{"type":"text","text":"${name}"${mark ? `,${CC}` : ''}}`
  const user = (...blocks: string[]) => `{"role":"user","content":[${blocks.join(',')}]}`
  const body = (system: string, messages: string, tools = '') =>
    `{"tools":[${tools}],"system":[${BLOCK},${system}],"messages":[${messages}]}`

  test('Stay as they are up to four', () => {
    const text = body(block('s'), [user(block('a')), user(block('b'), block('c'))].join())
    expect(inject(text)).toBe(text)
  })

  test('Lose the oldest of the messages first', () => {
    const before = body(
      block('s'),
      [user(block('a')), user(block('b'), block('c')), user(block('d'))].join(),
      `{"name":"t",${CC}}`,
    )
    const after = body(
      block('s'),
      [user(block('a', false)), user(block('b', false), block('c')), user(block('d'))].join(),
      `{"name":"t",${CC}}`,
    )
    expect(inject(before)).toBe(after)
    expect(inject(before, 'none')).toBe(after)
  })

  test('Are counted inside tool results, and cut wherever they stand in a block', () => {
    const before = body(
      block('s'),
      user(
        `{${CC}, "type":"tool_result","content":[{"type":"text",${CC},"text":"x"},{${CC}}]}`,
        block('b'),
        block('c'),
        block('d'),
      ),
    )
    const after = body(
      block('s'),
      user(
        `{"type":"tool_result","content":[{"type":"text","text":"x"},{}]}`,
        block('b'),
        block('c'),
        block('d'),
      ),
    )
    expect(inject(before)).toBe(after)
  })

  test('Count the automatic one, and not those that are null or only quoted', () => {
    const marks = [block('a'), block('b'), block('c')].join()
    const quoted = `{"type":"text","text":"\\"cache_control\\"","cache_control":null}`
    const four = `{${CC},"system":${`[${BLOCK}]`},"messages":[${user(marks, quoted, quoted)}]}`
    expect(inject(four)).toBe(four)
    const five = `{${CC},"system":[${BLOCK}],"messages":[${user(marks, block('d'))}]}`
    expect(inject(five)).toBe(five.replace(`"a",${CC}`, '"a"'))
  })

  test('Fall in tools and system only when the messages have none left', () => {
    const tools = [1, 2, 3].map((n) => `{"name":"t${n}",${CC}}`).join()
    const before = body([block('s1'), block('s2'), block('s3')].join(), user(block('m')), tools)
    const result = inject(before)
    expect(result.split('cache_control')).toHaveLength(5)
    expect(result).toBe(
      before
        .replace(`"m",${CC}`, '"m"')
        .replace(`"t1",${CC}`, '"t1"')
        .replace(`"t2",${CC}`, '"t2"'),
    )
  })

  test('Are limited together with the injection', () => {
    const before = `{"messages":[${user(...['a', 'b', 'c', 'd', 'e'].map((name) => block(name)))}]}`
    expect(inject(before)).toBe(
      before.replace('{', `{"system":[${BLOCK}],`).replace(`"a",${CC}`, '"a"'),
    )
  })
})

test('Betas keep the order of the client and gain the required ones once', () => {
  expect(mergeBetas(null, PLAN_LOGIN_BETAS)).toBe('oauth-2025-04-20,claude-code-20250219')
  expect(mergeBetas(' b ,a,,claude-code-20250219, b', PLAN_LOGIN_BETAS)).toBe(
    'b,a,claude-code-20250219,oauth-2025-04-20',
  )
  expect(mergeBetas('x', [])).toBe('x')
})

test('Claude Code is known by its user-agent and its own blocks together', () => {
  const claude = new Headers({ 'user-agent': 'claude-cli/2.1.329 (external, sdk-cli)' })
  const own = `{"system":[${BLOCK}]}`
  expect(isClaudeCode(claude, own)).toBe(true)
  expect(isClaudeCode(claude, new TextEncoder().encode(own))).toBe(true)
  expect(isClaudeCode(claude, undefined)).toBe(true)
  expect(isClaudeCode(claude, '{"system":"Be brief"}')).toBe(false)
  expect(isClaudeCode(claude, '{}')).toBe(false)
  expect(isClaudeCode(new Headers({ 'user-agent': 'curl/8 claude-cli/1' }), own)).toBe(false)
  expect(isClaudeCode(new Headers(), undefined)).toBe(false)
})
