/** The other half of the plans of fuzz.ts, for the other worker. */

import { testHostilePlans } from './hostile/fuzz.ts';

testHostilePlans();
