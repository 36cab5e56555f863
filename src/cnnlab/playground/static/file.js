// The page as a file: its data lies inside it.

import { openPage } from "./main.js";

openPage(JSON.parse(document.getElementById("data").textContent), null);
