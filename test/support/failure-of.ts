import { DirectoryError, OutcomeUnknownError } from '../../src/errors.ts';

/** The error of the directory that an action ends with. Any other error, and success, fail the test. */
export async function failureOf(action: Promise<unknown>): Promise<DirectoryError | OutcomeUnknownError> {
  const error = await action.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof DirectoryError || error instanceof OutcomeUnknownError) return error;
  throw error;
}
