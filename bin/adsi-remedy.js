#!/usr/bin/env node
'use strict';

const { main } = require('../bundle/main.cjs');

main();
