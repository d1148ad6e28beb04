/** The word by which a shell's script asks ccproxy what may stand at the cursor. */
export const ASK = '__complete'
