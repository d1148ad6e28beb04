import { afterAll, beforeEach } from 'bun:test'
import { startCcproxy } from './ccproxy.ts'
import { startFakeAnthropic } from './fake-anthropic.ts'
import { startFakeOpenai } from './fake-openai.ts'
import { startOpenaiProxy } from './openai-proxy.ts'

/** A strict Claude and a strict OpenAI with a ccproxy before each, for all tests of a file. */
export async function bothUpstreams(token: string) {
  const claude = await startFakeAnthropic({ forbidden: [token] })
  const openai = await startFakeOpenai({ forbidden: [token] })
  const proxy = await startCcproxy({ upstream: claude.url, env: { AUTH_TOKEN: token } })
  const gateway = await startOpenaiProxy(openai, token)
  beforeEach(() => {
    claude.forget()
    openai.forget()
  })
  afterAll(async () => {
    await proxy.stop()
    await gateway.stop()
    await claude.close()
    await openai.close()
  })
  return { claude, openai, proxy, gateway }
}
