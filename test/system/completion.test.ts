import { expect } from 'bun:test'
import { completingHome, OFFERS } from '../support/completing-shell.ts'
import { needs } from '../support/needs.ts'
import { shellQuoted } from '../support/shell-quoted.ts'
import { runInTerminal } from '../support/terminal.ts'

needs('fish')('The real fish is offered the right words, with what they mean', async () => {
  const home = completingHome()
  const ask = OFFERS.map(([line]) => `complete -C ${shellQuoted(line)}; echo ==`)
  const more = [
    'complete -C "ccproxy -c team"',
    'echo ==',
    'complete -C "ccproxy run -- ccproxy conf"',
  ]
  const script = ['ccproxy completion fish | source', ...ask, ...more].join('\n')
  const shell = Bun.spawn(['fish', '--no-config', '-c', script], { env: home.env, cwd: home.path })
  const text = await new Response(shell.stdout).text()
  home.remove()
  const parts = text.split('==\n').map((part) => part.split('\n').filter((line) => line !== ''))
  const words = parts.map((lines) => lines.map((line) => line.split('\t')[0] ?? '').sort())
  expect(words.slice(0, OFFERS.length)).toEqual(OFFERS.map(([, offered]) => [...offered].sort()))
  expect(parts[0]).toEqual(['config\tShow, check and write settings'])
  expect(words[OFFERS.length]).toEqual(['team settings.toml', 'teamwork/'])
  expect(words[OFFERS.length + 1]).toEqual(['config'])
})

needs('zsh')('The real zsh completes what is typed, files and other programs too', async () => {
  const home = completingHome()
  const options = { home: home.path, program: ['zsh', '-f', '-i'] }
  const shell = runInTerminal([], { ...home.env, PS1: '> ' }, options)
  await shell.types('eval "$(ccproxy completion zsh)"; echo load""ed\r', 0)
  await shell.sees('loaded')
  for (const [line, [first = '', second]] of OFFERS) {
    // Where several fit they are listed; where one does it is put in.
    await shell.types(`\x15${line}\t`, 0)
    await shell.sees(second ?? `${line.slice(0, line.lastIndexOf(' ') + 1)}${first}`)
  }
  await shell.types('\x15ccproxy serve --log-level=de\t', 0)
  await shell.sees('--log-level=debug')
  await shell.types('\x15ccproxy -c team\\ s\t', 0)
  await shell.sees('ettings.toml')
  await shell.types('\x15ccproxy run -- ccproxy gener\t', 0)
  await shell.sees('ate-token')
  await shell.types('\x15exit\r', 0)
  await shell.stop()
  home.remove()
})
