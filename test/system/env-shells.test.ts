import { expect } from 'bun:test'
import { nastyValues } from '../support/nasty-values.ts'
import { needs } from '../support/needs.ts'
import { shellReads } from '../support/shell-reads.ts'

needs('zsh')('The real zsh reads every value of "ccproxy env" as it is', async () => {
  const values = nastyValues(3, 300)
  expect(await shellReads(['zsh', '-f', '-c'], 'zsh', values)).toEqual(values)
})

needs('fish')('The real fish reads every value of "ccproxy env" as it is', async () => {
  const values = nastyValues(4, 300)
  expect(await shellReads(['fish', '--no-config', '-c'], 'fish', values)).toEqual(values)
})
