import { type Ccproxy, startCcproxy } from './ccproxy.ts'
import { type FakeOpenai, OPENAI_KEY } from './fake-openai.ts'

/** A proxy whose upstream speaks OpenAI's wires: `/to/chat` (the default route), `/to/responses`, and `/to/either`. */
export function startOpenaiProxy(
  fake: FakeOpenai,
  token: string,
  settings: { models?: string; profile?: string } = {},
): Promise<Ccproxy> {
  const provider = (name: string, wire = `wire = "${name}"`) => `
[providers.${name}]
kind = "openai"
${wire}
base_url = "${fake.url}"
api_key = "${OPENAI_KEY}"
profile = "${settings.profile ?? 'openai'}"
models = { ${settings.models ?? '"claude-haiku-*" = "gpt-4.1", "claude-*" = "gpt-5.5"'} }
`
  return startCcproxy({
    key: false,
    env: { AUTH_TOKEN: token },
    toml: `${provider('chat')}${provider('responses')}${provider('either', '')}\n[routing]\ndefault = "chat"\n`,
  })
}
