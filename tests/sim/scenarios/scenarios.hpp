#pragma once
// Every scenario's body; what each is about is said where it is defined.

namespace sim {

class lab;

void bulk(lab& lab);

} // namespace sim
