import { describe, expect, test } from 'bun:test'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Elysia } from 'elysia'
import { swaggerAssets } from '../../src/http/swagger/assets.ts'
import { SWAGGER_SHELL_PATHS } from '../../src/http/swagger.ts'
import { withSwagger } from '../support/swagger-example.ts'

const Description = Type.Object({
  openapi: Type.String(),
  info: Type.Object({ title: Type.String(), version: Type.String() }),
  paths: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
})

async function get(path: string): Promise<Response> {
  return withSwagger(new Elysia()).handle(new Request(`http://localhost${path}`))
}

async function readDescription(): Promise<Static<typeof Description>> {
  return Value.Parse(Description, await (await get('/swagger/json')).json())
}

describe('/swagger/json', () => {
  test('describes the routes of the app and the paths handed in', async () => {
    const { openapi, info, paths } = await readDescription()
    expect(openapi).toBe('3.0.3')
    expect(info).toEqual({ title: 'ccproxy', version: '1.2.3' })
    expect(Object.keys(paths).sort()).toEqual(['/health', '/v1/messages', '/v1/models/{id}'])
    expect(paths['/health']?.get).toMatchObject({ summary: 'Health' })
  })
})

describe('/swagger', () => {
  test('every file of the page is served with its type and a policy', async () => {
    expect([...swaggerAssets.keys()]).toEqual([...SWAGGER_SHELL_PATHS])
    for (const [path, { type }] of swaggerAssets) {
      const response = await get(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(type)
      expect(response.headers.get('content-security-policy')).toStartWith("default-src 'self';")
      expect((await response.bytes()).length).toBeGreaterThan(500)
    }
  })

  test('the page refers only to its own files', async () => {
    const page = await (await get('/swagger')).text()
    const references = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map((hit) => hit[1] ?? '')
    const own = references.filter((reference) => reference !== 'data:,')
    expect(own.length).toBe(3)
    for (const reference of own) expect(SWAGGER_SHELL_PATHS.has(reference)).toBe(true)
    expect(page).not.toContain('://')
  })
})
