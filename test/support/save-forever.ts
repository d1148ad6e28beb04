import { saveFile } from '../../src/auth/save-file.ts'

/** Saves one login after another until it is killed; started by the test of the store. */
const path = process.argv[2] ?? ''
for (let count = 0; ; count += 1) {
  const accessToken = `token-${process.pid}-${count}-${'x'.repeat(20_000)}`
  await saveFile(path, JSON.stringify({ claudeAiOauth: { accessToken } }))
  if (count === 0) process.stdout.write('saving\n')
}
