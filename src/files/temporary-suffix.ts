/** Ends the name of every temporary file of ours. */
export const temporarySuffix = '.adsi-remedy-tmp';
