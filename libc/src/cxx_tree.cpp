// The balancing of std::map and std::set, which the compiler's C++ headers expect from their library.
//
// The declarations repeat those of libstdc++'s bits/stl_tree.h; the code is ours. A red-black tree here is
// the textbook's: no red node has a red child, every path down has as many black nodes. The header node's
// parent is the root, its left the smallest and its right the largest node.

namespace std {

enum _Rb_tree_color { _S_red = false, _S_black = true };

struct _Rb_tree_node_base {
    _Rb_tree_color _M_color;
    _Rb_tree_node_base* _M_parent;
    _Rb_tree_node_base* _M_left;
    _Rb_tree_node_base* _M_right;
};

namespace {

using node = _Rb_tree_node_base;

bool is_black(const node* each) {
    return each == nullptr || each->_M_color == _S_black;
}

node* leftmost(node* each) {
    while (each->_M_left != nullptr) {
        each = each->_M_left;
    }
    return each;
}

node* rightmost(node* each) {
    while (each->_M_right != nullptr) {
        each = each->_M_right;
    }
    return each;
}

/// Puts `other` where `each` hangs from its parent.
void replace(node* each, node* other, node*& root) {
    node* parent = each->_M_parent;
    if (each == root) {
        root = other;
    } else if (each == parent->_M_left) {
        parent->_M_left = other;
    } else {
        parent->_M_right = other;
    }
    if (other != nullptr) {
        other->_M_parent = parent;
    }
}

void rotate_left(node* each, node*& root) {
    node* right = each->_M_right;
    each->_M_right = right->_M_left;
    if (right->_M_left != nullptr) {
        right->_M_left->_M_parent = each;
    }
    replace(each, right, root);
    right->_M_left = each;
    each->_M_parent = right;
}

void rotate_right(node* each, node*& root) {
    node* left = each->_M_left;
    each->_M_left = left->_M_right;
    if (left->_M_right != nullptr) {
        left->_M_right->_M_parent = each;
    }
    replace(each, left, root);
    left->_M_right = each;
    each->_M_parent = left;
}

/// Restores the colours above a fresh red node.
void balance_after_insert(node* each, node*& root) {
    while (each != root && each->_M_parent->_M_color == _S_red) {
        node* parent = each->_M_parent;
        node* grandparent = parent->_M_parent;
        bool left = parent == grandparent->_M_left;
        node* uncle = left ? grandparent->_M_right : grandparent->_M_left;
        if (!is_black(uncle)) {
            parent->_M_color = uncle->_M_color = _S_black;
            grandparent->_M_color = _S_red;
            each = grandparent;
            continue;
        }
        if (each == (left ? parent->_M_right : parent->_M_left)) {
            each = parent;
            left ? rotate_left(each, root) : rotate_right(each, root);
        }
        each->_M_parent->_M_color = _S_black;
        grandparent->_M_color = _S_red;
        left ? rotate_right(grandparent, root) : rotate_left(grandparent, root);
    }
    root->_M_color = _S_black;
}

/// Restores the colours where a black node was taken away: `each`, perhaps null, hangs from `parent`.
void balance_after_erase(node* each, node* parent, node*& root) {
    while (each != root && is_black(each)) {
        bool left = each == parent->_M_left;
        node* sibling = left ? parent->_M_right : parent->_M_left;
        auto rotate_down = [&] { left ? rotate_left(parent, root) : rotate_right(parent, root); };
        if (sibling->_M_color == _S_red) {
            sibling->_M_color = _S_black;
            parent->_M_color = _S_red;
            rotate_down();
            sibling = left ? parent->_M_right : parent->_M_left;
        }
        node* near = left ? sibling->_M_left : sibling->_M_right;
        node* far = left ? sibling->_M_right : sibling->_M_left;
        if (is_black(near) && is_black(far)) {
            sibling->_M_color = _S_red;
            each = parent;
            parent = parent->_M_parent;
            continue;
        }
        if (is_black(far)) {
            near->_M_color = _S_black;
            sibling->_M_color = _S_red;
            left ? rotate_right(sibling, root) : rotate_left(sibling, root);
            far = sibling;
            sibling = near;
        }
        sibling->_M_color = parent->_M_color;
        parent->_M_color = far->_M_color = _S_black;
        rotate_down();
        break;
    }
    if (each != nullptr) {
        each->_M_color = _S_black;
    }
}

} // namespace

node* _Rb_tree_increment(node* each) {
    if (each->_M_right != nullptr) {
        return leftmost(each->_M_right);
    }
    node* parent = each->_M_parent;
    while (each == parent->_M_right) {
        each = parent;
        parent = parent->_M_parent;
    }
    return each->_M_right != parent ? parent : each; // From the largest: the header.
}

node* _Rb_tree_decrement(node* each) {
    if (each->_M_color == _S_red && each->_M_parent->_M_parent == each) {
        return each->_M_right; // The header: back to the largest.
    }
    if (each->_M_left != nullptr) {
        return rightmost(each->_M_left);
    }
    node* parent = each->_M_parent;
    while (each == parent->_M_left) {
        each = parent;
        parent = parent->_M_parent;
    }
    return parent;
}

const node* _Rb_tree_increment(const node* each) {
    return _Rb_tree_increment(const_cast<node*>(each));
}
const node* _Rb_tree_decrement(const node* each) {
    return _Rb_tree_decrement(const_cast<node*>(each));
}

void _Rb_tree_insert_and_rebalance(bool left, node* fresh, node* parent, node& header) noexcept {
    *fresh = {_S_red, parent, nullptr, nullptr};
    if (parent == &header) {
        header._M_parent = header._M_left = header._M_right = fresh;
    } else if (left) {
        parent->_M_left = fresh;
        header._M_left = parent == header._M_left ? fresh : header._M_left;
    } else {
        parent->_M_right = fresh;
        header._M_right = parent == header._M_right ? fresh : header._M_right;
    }
    balance_after_insert(fresh, header._M_parent);
}

node* _Rb_tree_rebalance_for_erase(node* erased, node& header) noexcept {
    node*& root = header._M_parent;
    if (erased == header._M_left) {
        header._M_left = erased->_M_right != nullptr ? leftmost(erased->_M_right) : erased->_M_parent;
    }
    if (erased == header._M_right) {
        header._M_right = erased->_M_left != nullptr ? rightmost(erased->_M_left) : erased->_M_parent;
    }
    _Rb_tree_color lost = erased->_M_color;
    node* child;
    node* parent;
    if (erased->_M_left == nullptr || erased->_M_right == nullptr) {
        child = erased->_M_left != nullptr ? erased->_M_left : erased->_M_right;
        parent = erased->_M_parent;
        replace(erased, child, root);
    } else { // The next node takes its place and colour.
        node* next = leftmost(erased->_M_right);
        lost = next->_M_color;
        child = next->_M_right;
        parent = next->_M_parent == erased ? next : next->_M_parent;
        if (next->_M_parent != erased) {
            replace(next, child, root);
            next->_M_right = erased->_M_right;
            next->_M_right->_M_parent = next;
        }
        replace(erased, next, root);
        next->_M_left = erased->_M_left;
        next->_M_left->_M_parent = next;
        next->_M_color = erased->_M_color;
    }
    if (lost == _S_black && root != nullptr) {
        balance_after_erase(child, parent, root);
    }
    return erased;
}

} // namespace std
