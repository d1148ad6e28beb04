import { saveFile } from '../../src/auth/save-file.ts'

/**
 * Saves one login after another until it is killed; started by the test of the store. Each differs
 * from the one before in every byte and in length, so that no mixture of two passes for one.
 */
const path = process.argv[2] ?? ''
for (let count = 0; ; count += 1) {
  const digit = count % 10
  const accessToken = String(digit).repeat(20_000 * (digit + 1))
  await saveFile(path, JSON.stringify({ claudeAiOauth: { accessToken } }))
  if (count === 0) process.stdout.write('saving\n')
}
