import { describe, expect, test } from 'bun:test'
import { initToml, jsonSchema, shownValues } from '../../src/config/render.ts'
import { keyText, leaves } from '../../src/config/tree.ts'
import { loadIn } from './load-in.ts'

const load = (toml: string) => loadIn({ files: { '/project/ccproxy.toml': toml } })

describe('initToml', () => {
  test('validates as written and changes nothing', async () => {
    const { settings } = await load(initToml())
    expect(settings).toEqual((await loadIn({})).settings)
  })

  test('validates with every line uncommented, and with any single one', async () => {
    const assignment = /^#(?=\[|[a-z_]+ = )/
    const lines = initToml().split('\n')
    const { sources } = await load(lines.map((line) => line.replace(assignment, '')).join('\n'))
    expect(sources.get('server.port')).toBe('file ./ccproxy.toml')
    expect(sources.get('providers.gateway.wire')).toBe('file ./ccproxy.toml')
    const end = lines.indexOf('#[providers.gateway]')
    let tried = 0
    for (const [index, line] of lines.slice(0, end).entries()) {
      if (!assignment.test(line)) continue
      await load(lines.with(index, line.slice(1)).join('\n'))
      tried += 1
    }
    expect(tried).toBeGreaterThan(25)
  })

  test('names every key of this version', () => {
    const text = initToml()
    for (const { path, meta } of leaves(['anthropic', 'gateway'])) {
      if (meta.unavailable === true) continue
      expect(text).toContain(`${path.at(-1)}`)
      expect(text).toContain(meta.description)
    }
    expect(text).not.toContain('ca_file')
  })
})

describe('jsonSchema', () => {
  const schema = JSON.stringify(jsonSchema())

  test('holds every key with its description and closes every table', () => {
    for (const { meta } of leaves(['x'])) {
      expect(schema).toContain(JSON.stringify(meta.description).slice(1, -1))
    }
    expect(schema).not.toContain('"ccproxy":')
    expect(jsonSchema()).toMatchObject({
      additionalProperties: false,
      properties: {
        server: {
          additionalProperties: false,
          properties: {
            log_format: { enum: ['auto', 'pretty', 'json', 'plain'], default: 'auto' },
          },
        },
        security: { properties: { tokens: { items: { required: ['name'] } } } },
      },
    })
    expect(jsonSchema().required).toBeUndefined()
  })
})

describe('shownValues', () => {
  test('prints each value that counts with its source, and no secret', async () => {
    const loaded = await loadIn({
      env: { AUTH_TOKEN: 'canary', PORT: '9' },
      files: {
        '/project/ccproxy.toml': [
          '[providers.anthropic]',
          'base_url = "https://me:canary@a.example/v1?key=canary"',
          'api_key_helper = "echo sk-ant-canary1234"',
          'headers = { authorization = "canary" }',
          '[sdk.mcp_servers.notes]',
          'env = { TOKEN = "canary" }',
          '[[security.tokens]]',
          'name = "ci"',
          'token = "canary"',
        ].join('\n'),
      },
    })
    const values = shownValues(loaded)
    expect(JSON.stringify(values)).not.toContain('canary')
    const find = (key: string) => values.find((one) => one.key === key)
    expect(find('security.auth_token')).toEqual({
      key: 'security.auth_token',
      value: '***',
      source: 'environment AUTH_TOKEN',
    })
    expect(find('security.tokens')?.value).toEqual([{ name: 'ci', token: '***' }])
    expect(find('server.port')).toMatchObject({ value: 9, source: 'environment PORT' })
    expect(find('server.host')).toMatchObject({ value: '127.0.0.1', source: 'default' })
    expect(find('providers.anthropic.headers.authorization')).toMatchObject({
      value: '***',
      source: 'file ./ccproxy.toml',
    })
    expect(values.some((one) => one.key === 'network.ca_file')).toBe(false)
    expect(values.map((one) => one.key)).toEqual([...new Set(values.map((one) => one.key))])
    expect(keyText(['a', 'b.c'])).toBe('a."b.c"')
  })
})
